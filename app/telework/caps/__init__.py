"""What the office allows of telework, and what people have used of it."""
