"""Bookings whose space goes away: to the best other one, or told."""
