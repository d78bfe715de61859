"""The office's rules, weekdays, kinds of half-day and what a series leaves out, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from app.spaces.rules import written
from app.wording.bookings import joined

# Why a series leaves out a day.
LEFT_OUT: Mapping[str, LazyString] = {
    "earlier": lazy_gettext("It comes before the first day."),
    "closed": lazy_gettext("The office is closed that day."),
    "far": lazy_gettext("It is a year away, or more."),
    "many": lazy_gettext("A series has 100 days at most."),
}

# By key: what the rule is called, and what its value means.
POLICIES: Mapping[str, tuple[LazyString, LazyString]] = {
    "check_in_opens": (lazy_gettext("Check-in opens"), lazy_gettext("before the start, such as 15m")),
    "no_show_grace": (
        lazy_gettext("Grace before a release"),
        lazy_gettext("after the start, if nobody came, such as 60m"),
    ),
    "warn_before_release": (lazy_gettext("Warning"), lazy_gettext("before a release, such as 5m")),
    "vacant_hold": (
        lazy_gettext("Empty after"),
        lazy_gettext("without movement, such as 10m; at least what the sensor needs"),
    ),
    "early_leave": (
        lazy_gettext("Ends when left"),
        lazy_gettext("so long after everybody left, such as 10m, or off"),
    ),
    "min_duration": (lazy_gettext("Shortest booking"), lazy_gettext("such as 15m, or off")),
    "max_duration": (lazy_gettext("Longest booking"), lazy_gettext("such as 2h or 1d")),
    "buffer": (lazy_gettext("Pause between bookings"), lazy_gettext("such as 10m, or off")),
    "horizon": (lazy_gettext("Booking opens"), lazy_gettext("ahead, such as 14d")),
    "horizon_facility": (
        lazy_gettext("Booking opens for facility staff"),
        lazy_gettext("ahead, such as 62d"),
    ),
    "series_horizon": (
        lazy_gettext("Booking opens for the days of a series"),
        lazy_gettext("ahead, such as 84d; never less than for one booking"),
    ),
    "walk_in": (lazy_gettext("Sitting down without a booking"), lazy_gettext("on or off")),
    "check_in_by_hand": (
        lazy_gettext("Check-in by hand needed"),
        lazy_gettext("where there is no sensor: on or off"),
    ),
    "offer_hold": (
        lazy_gettext("Hold for the queue"),
        lazy_gettext("the first in line has so long to answer, such as 10m"),
    ),
    "change_seats": (
        lazy_gettext("Another seat each day"),
        lazy_gettext("what is proposed is not what one had of late: on or off"),
    ),
    "concurrent_quota": (
        lazy_gettext("Bookings at a time"),
        lazy_gettext("of one person, not over yet: a number, or off"),
    ),
    "series_no_shows": (
        lazy_gettext("Asked about a series"),
        lazy_gettext("after so many no-shows running: a number, or off"),
    ),
    "series_answer": (lazy_gettext("Time to answer"), lazy_gettext("until the series ends, such as 7d")),
    "weekly_quota": (
        lazy_gettext("Bookings in a week"),
        lazy_gettext("of one person, Monday to Sunday: a number, or off"),
    ),
}

WEEKDAYS = (
    lazy_gettext("Monday"),
    lazy_gettext("Tuesday"),
    lazy_gettext("Wednesday"),
    lazy_gettext("Thursday"),
    lazy_gettext("Friday"),
    lazy_gettext("Saturday"),
    lazy_gettext("Sunday"),
)

DAY_CLASSES: Mapping[str, LazyString] = {
    "closed": lazy_gettext("No working time"),
    "leave": lazy_gettext("Leave"),
    "trip": lazy_gettext("Business trip"),
    "office": lazy_gettext("Office"),
    "telework": lazy_gettext("Telework"),
    "office_presumed": lazy_gettext("Office (presumed)"),
    "unknown": lazy_gettext("Not known"),
}

DAY_REASONS: Mapping[str, LazyString] = {
    "closed_day": lazy_gettext("the office was closed"),
    "approved_leave": lazy_gettext("approved leave"),
    "approved_trip": lazy_gettext("approved business trip"),
    "home_and_check_in": lazy_gettext("home was approved, yet you checked in: please say which"),
    "home_reported": lazy_gettext("approved and reported"),
    "home_unreported": lazy_gettext("approved, not yet reported"),
    "check_in_by_hand": lazy_gettext("checked in by hand"),
    "check_in_inferred": lazy_gettext("the booked seat was in use"),
    "never_works": lazy_gettext("does not work then, as the section's rotation holds it"),
    "no_evidence": lazy_gettext("neither plan nor check-in"),
}

# By what a rule's value is: how it is written.
WRITTEN: Mapping[str, LazyString] = {
    "flag": lazy_gettext("Write on or off."),
    "count": lazy_gettext("Write a number, or off."),
    "duration": lazy_gettext("Write a number and its unit: 90m, 2h or 14d."),
}


def of_policy(facts: Mapping[str, Any]) -> str:
    """That a rule cannot have a value, and how one is written."""
    said = gettext(
        "%(rule)s: “%(value)s” cannot be used.", rule=POLICIES[facts["key"]][0], value=facts["value"]
    )
    return joined([said, WRITTEN[written(facts["key"])]])
