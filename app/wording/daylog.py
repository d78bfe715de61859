"""What is said of the day log, of months and of the attendance system's file; a part of `app.wording`."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

REFUSALS: Mapping[str, LazyString] = {
    "telework.day_unknown": lazy_gettext("There is no such half-day in the log."),
    "telework.mapping": lazy_gettext(
        "This layout cannot be used. Each column needs a header, and must suit what a line is of."
    ),
    "telework.month_closed": lazy_gettext("This month is closed. Only personnel can correct it."),
    "telework.month_not_over": lazy_gettext("This month has days that are not closed yet."),
    "telework.month_open": lazy_gettext("This month is open: it may still change. Close it first."),
    "telework.month_unknown": lazy_gettext("There is no such month. Write it like 2026-11."),
    "telework.not_allowed/correction": lazy_gettext(
        "The person, the chief of the section and personnel say what a half-day was."
    ),
    "telework.settled": lazy_gettext("Your chief or personnel have settled this half-day. Ask them."),
    "telework.why": lazy_gettext("Say why."),
}

# Somebody's section or employment would change from a day on.
OPEN_FROM = lazy_gettext(
    "That day is in a closed month or before one. Reopen it first, or name a day from %(open_from)s on."
)

CONFIDENCES: Mapping[str, LazyString] = {
    "certain": lazy_gettext("certain"),
    "likely": lazy_gettext("awaits confirmation"),
    "presumed": lazy_gettext("presumed"),
    "none": lazy_gettext("nothing known"),
}

VOICES: Mapping[str, LazyString] = {
    "own": lazy_gettext("the person"),
    "chief": lazy_gettext("the chief"),
    "personnel": lazy_gettext("personnel"),
}

HALVES: Mapping[str, LazyString] = {
    "am": lazy_gettext("morning"),
    "pm": lazy_gettext("afternoon"),
}

FORMS: Mapping[str, LazyString] = {
    "home": lazy_gettext("At home"),
    "satellite": lazy_gettext("At a satellite office"),
    "mobile": lazy_gettext("Mobile"),
}

PLAN_KINDS: Mapping[str, LazyString] = {
    "office": lazy_gettext("office"),
    "home": lazy_gettext("home"),
    "satellite": lazy_gettext("satellite office"),
    "trip": lazy_gettext("business trip"),
    "leave": lazy_gettext("leave"),
}

MONTH_HAPPENINGS: Mapping[str, LazyString] = {
    "telework.month_closed": lazy_gettext("closed"),
    "telework.month_reopened": lazy_gettext("reopened"),
}

# Of the attendance system's file: what a line is of, what a column holds, how dates are written.
LINES: Mapping[str, LazyString] = {
    "half_day": lazy_gettext("a half-day of a person"),
    "day": lazy_gettext("a day of a person"),
    "month": lazy_gettext("a person and month"),
}
HOLDS: Mapping[str, LazyString] = {
    "email": lazy_gettext("Mail address"),
    "name": lazy_gettext("Name"),
    "kana": lazy_gettext("Kana"),
    "section_code": lazy_gettext("Code of the section"),
    "section_name": lazy_gettext("Section"),
    "date": lazy_gettext("Date"),
    "weekday": lazy_gettext("Weekday"),
    "month": lazy_gettext("Month"),
    "half": lazy_gettext("Morning or afternoon"),
    "class": lazy_gettext("Class"),
    "form": lazy_gettext("Form of telework"),
    "minutes": lazy_gettext("Minutes"),
    "am": lazy_gettext("Class of the morning"),
    "pm": lazy_gettext("Class of the afternoon"),
    "office_days": lazy_gettext("Days in the office"),
    "telework_days": lazy_gettext("Days of telework"),
    "home_days": lazy_gettext("Days of telework at home"),
    "satellite_days": lazy_gettext("Days at a satellite office"),
    "trip_days": lazy_gettext("Days of business trips"),
    "leave_days": lazy_gettext("Days of leave"),
    "unknown_days": lazy_gettext("Days not known"),
    "office_minutes": lazy_gettext("Minutes in the office"),
    "telework_minutes": lazy_gettext("Minutes of telework"),
    "corrected": lazy_gettext("Corrected: 1, else 0"),
}
DATE_STYLES: Mapping[str, str] = {
    "iso": "2026-11-24",
    "slashes": "2026/11/24",
    "digits": "20261124",
    "reiwa": "R08.11.24",
}
