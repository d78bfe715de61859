"""How instants, days and lengths of time are written for the reader: the office's own time, or that of the site which
a page is about; the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta, tzinfo

from babel.dates import format_skeleton, format_timedelta, get_timezone_location
from flask import Flask
from flask_babel import get_locale, get_timezone, gettext

from app.timespan import TimeSpan

_clock: ContextVar[tzinfo | None] = ContextVar("the clock of a site", default=None)


@contextmanager
def by_clock(zone: tzinfo | None) -> Iterator[None]:
    """Inside, all times are written by the clock of a site, those in a refusal's sentence too; None: the office's."""
    token = _clock.set(zone)
    try:
        yield
    finally:
        _clock.reset(token)


def local(at: datetime, zone: tzinfo | None = None) -> datetime:
    """An instant in the office's own time, or a site's."""
    return at.astimezone(zone or _clock.get() or get_timezone())


def city(zone: tzinfo) -> str:
    """The city whose time a zone is: 東京 or Tokyo."""
    return get_timezone_location(zone, locale=get_locale(), return_city=True)


def hours_and_minutes(at: datetime, zone: tzinfo | None = None) -> str:
    """The local time of an instant: 09:05."""
    return f"{local(at, zone):%H:%M}"


def hours_and_minutes_from(at: datetime, now: datetime) -> str:
    """The same, with its day where that is not the day of `now`: 09:05 or 11月25日(水) 09:05."""
    text = hours_and_minutes(at)
    return text if local(at).date() == local(now).date() else f"{day(at)} {text}"


def hours_to_seconds(at: datetime) -> str:
    """The local time of an instant to the second: 09:05:07."""
    return f"{local(at):%H:%M:%S}"


def ago(length: timedelta) -> str:
    """How long ago something was: 5秒前 or 5 seconds ago; from a minute on to the minute."""
    if length < timedelta(minutes=1):
        return str(gettext("%(n)s s ago", n=int(length.total_seconds())))
    return str(gettext("%(length)s ago", length=length_of(length)))


def until(at: datetime) -> str:
    """The local time at which something ends: 17:15; the midnight that ends a day is 24:00."""
    text = hours_and_minutes(at)
    return "24:00" if text == "00:00" else text


def times(span: TimeSpan) -> str:
    """A span within a day: 09:05–24:00."""
    return f"{hours_and_minutes(span.start)}–{until(span.end)}"


def day(on: datetime | date, zone: tzinfo | None = None) -> str:
    """A day with its weekday: 11月24日(火) or Tue, Nov 24."""
    return format_skeleton("MMMEd", local(on, zone) if isinstance(on, datetime) else on, locale=get_locale())


def day_of_year(on: date) -> str:
    """The same with its year: 2026年11月24日(火) or Tue, Nov 24, 2026."""
    return format_skeleton("yMMMEd", on, locale=get_locale())


def month(on: date) -> str:
    """A month with its year: 2026年11月 or November 2026."""
    return format_skeleton("yMMMM", on, locale=get_locale())


def length_of(length: timedelta) -> str:
    """A length of time, to the minute: 1時間30分 or 1 hour 30 minutes."""
    parts = []
    for unit in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)):
        whole = length // unit * unit
        length -= whole
        if whole:
            parts.append(format_timedelta(whole, granularity="minute", threshold=1, locale=get_locale()))
    return "".join(parts).replace(" ", "") if get_locale().language == "ja" else " ".join(parts)


def limit(allowed: str) -> str:
    """What a rule allows, such as `<= 120 min` or `>= 2026-11-24T00:45:00+00:00`, as a person reads it."""
    _comparison, _, limit = allowed.partition(" ")
    if limit.endswith(" min"):
        return length_of(timedelta(minutes=int(limit.removesuffix(" min"))))
    if limit.isdigit():
        return limit
    at = datetime.fromisoformat(limit)
    return f"{day(at)} {hours_and_minutes(at)}"


def register(app: Flask) -> None:
    """Let the templates use them."""
    app.add_template_filter(local)
    app.add_template_filter(city)
    app.add_template_filter(hours_and_minutes, "hm")
    app.add_template_filter(hours_and_minutes_from, "hm_from")
    app.add_template_filter(hours_to_seconds, "hms")
    app.add_template_filter(ago)
    app.add_template_filter(until)
    app.add_template_filter(times)
    app.add_template_filter(day)
    app.add_template_filter(day_of_year)
    app.add_template_filter(month)
    app.add_template_filter(length_of)
