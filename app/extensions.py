"""The Flask extensions, made once and bound to an application by the factory."""

import hashlib

from flask import g, request
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from app.bearer import bearer_token
from app.call_counts import CallCounts
from app.orm import Base

# The tables and their metadata are the house's own; of Flask-SQLAlchemy we take the engine's life with the app.
db = SQLAlchemy(metadata=Base.metadata)
babel = Babel()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, storage_uri=f"{CallCounts.STORAGE_SCHEME[0]}://")


def token_or_address() -> str:
    """Whose calls of the API are counted together: those under one token that is somebody's, by its digest; else those
    of one address, whatever tokens it makes up."""
    token = bearer_token(request.headers.get("Authorization", ""))
    return _digest(token) if token and g.get("person") else get_remote_address()


def token_of_link() -> str:
    """Whose link or calendar it is, by the digest of the token in its path: many follow theirs from one address, be it
    the office's."""
    return _digest(str((request.view_args or {}).get("token", "")))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
