"""Bookings that repeat: made in one step, changed one, from one on, or all; ended when nobody uses them."""
