"""Keeping records and letting go of them: erasing on schedule, one's own data, files in and out."""
