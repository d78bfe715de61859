"""Rotations in the browser. Every form posts and is redirected; nothing needs a script."""
