"""What is killed in the middle of its work, and what must be true after it was started again."""
