"""The token that a request carries, read in one way by whoever asks who it is of and whoever counts its calls."""

from __future__ import annotations


def bearer_token(header: str) -> str:
    """The token of an Authorization header, in whatever case and with whatever blanks; "" where there is none."""
    kind, _, token = header.strip().partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
