"""The short code on each desk: what is typed, or scanned, by whoever sits there."""

from __future__ import annotations

import secrets
import unicodedata

# Nothing that can be read as something else: no 0 O, 1 I L, U V, 5 S, 2 Z, 8 B.
ALPHABET = "34679ACDEFGHJKMNPQRTVWXY"
LENGTH = 8


def new_desk_code() -> str:
    """A random code of 110,000 million. That no two desks share one the database guards."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def as_typed(text: str) -> str:
    """A code as it is stored, from what a person typed: full-width letters, small ones, spaces and dashes are fine."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(letter for letter in plain if letter.isalnum())[:LENGTH]
