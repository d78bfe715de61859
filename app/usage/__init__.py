"""What really happened in each space, beside what was booked."""
