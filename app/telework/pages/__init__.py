"""Telework in the browser."""
