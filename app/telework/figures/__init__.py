"""Figures of telework: how they are counted, and what of them is kept once the people of a year are forgotten."""
