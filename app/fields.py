"""The API's types of fields: what no row can hold is refused with its field's name, before anything is asked of the
database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import ValidationError, fields, validate

from app.texts import MOST_ADDRESS, is_address, is_line, is_storable

MOST_ID = 2**63 - 1
ME, ALL = "me", "all"
# Further away the arithmetic of days and zones ends, and no booking, reading or plan is meant.
FIRST_YEAR, LAST_YEAR = 2000, 2199


class Identifier(fields.Integer):
    """A row's id: a whole number that both databases can hold."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Range(0, MOST_ID), **options)


class Whose(fields.String):
    """A person: `me`, or a user's id; or one of `others`."""

    def __init__(self, *others: str, **options: Any) -> None:
        self._words = {ME, *others}
        super().__init__(**options)

    def _deserialize(self, value: Any, *_args: Any, **_options: Any) -> Any:
        return value if value in self._words else Identifier().deserialize(value)


class Instant(fields.AwareDateTime):
    """RFC 3339 with an offset; kept in UTC. A naive one is refused."""

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> datetime:
        at: datetime = super()._deserialize(value, *args, **options)
        _check_year(at.year)
        return at.astimezone(UTC)


class Day(fields.Date):
    """A day of the calendar, ISO 8601."""

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> date:
        on: date = super()._deserialize(value, *args, **options)
        _check_year(on.year)
        return on


class Text(fields.String):
    """Text that every database and every page can hold: no null character, no half of a surrogate pair."""

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, *args, **options)
        if not is_storable(text):
            raise ValidationError("must be text without null characters")
        return text


class Address(Text):
    """Where mail reaches somebody."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Length(3, MOST_ADDRESS), metadata={"format": "email"}, **options)

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> str:
        text = super()._deserialize(value, *args, **options).strip()
        if not is_address(text):
            raise ValidationError("must be an address such as aoki@city.example.jp")
        return text


def one_line(text: str) -> None:
    """A validator: raises ValidationError where a text is not one line."""
    if not is_line(text):
        raise ValidationError("must be one line of text")


def check_span(start: Any, end: Any, longest: timedelta, field: str, *, or_equal: bool = False) -> None:
    """That an end comes after its start, or is it, by `longest` at most; raises ValidationError on `field`. What is
    missing is another check's matter."""
    if start and end and not (timedelta(0) < end - start <= longest or (or_equal and start == end)):
        raise ValidationError(
            f"must not be before the start, nor more than {longest.days} days after it", field
        )


def day_typed(text: str) -> date:
    """The day of a form or an address, ISO 8601, in the same years; raises ValueError."""
    on = date.fromisoformat(text)
    if not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    return on


def zone_typed(text: str) -> ZoneInfo | None:
    """The zone of time that a form names; None where it names none that there is."""
    try:
        return ZoneInfo(text) if text else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValidationError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
