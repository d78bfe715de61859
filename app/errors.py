"""Refusals of the domain; they know no HTTP. `code` is stable, `facts` say what and what would be allowed."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A refusal with a stable code, such as `booking.overlap`, and the facts a person needs to go on."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class NotFound(DomainError):
    """There is no such thing, or none that the asker may know of."""


class Forbidden(DomainError):
    """The asker may not do this."""


class Conflict(DomainError):
    """Somebody or something else was there first."""


class RuleBroken(DomainError):
    """A rule of the office does not allow it; `facts` name the rule and what would be allowed."""


class Unavailable(DomainError):
    """Something that it needs is out of order; the same will do once that is mended."""


class Stale(DomainError):
    """The change was made from an older version than the stored one."""
