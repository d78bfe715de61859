"""Reserving, checking in, releasing, giving back: from a wish to what was held."""
