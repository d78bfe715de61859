"""Closing a month, and what the attendance system is given of it."""
