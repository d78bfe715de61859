"""What is kept of a secret: a digest, and of one that could be found by trying, a digest under the office's key."""

from __future__ import annotations

import hashlib
import hmac


def digest(token: str) -> str:
    """What is kept of a token, or of another random secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def keyed_digest(text: str, secret_key: str, *, of: str) -> str:
    """The digest of a text; `of`: what kind of thing it is, so that equal texts of two kinds have two digests."""
    return hmac.new(secret_key.encode(), f"{of}:{text}".encode(), hashlib.sha256).hexdigest()
