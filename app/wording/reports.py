"""What reports are called, what their columns and words mean; a part of `app.wording`."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

REFUSALS: Mapping[str, LazyString] = {
    "reports.not_allowed": lazy_gettext("This report is of sections: for their chiefs and personnel."),
    "reports.unknown": lazy_gettext("There is no such report."),
}

# By name: what it is called, and what stands in it.
REPORTS: Mapping[str, tuple[LazyString, LazyString]] = {
    "telework_monthly": (
        lazy_gettext("Telework by section and person"),
        lazy_gettext(
            "Person-days are half-days by two. The share of all is of the half-days of working days, whatever they"
            " were; the share of the eligible is of those of people who may telework. Each half-day counts in the"
            " section of its day."
        ),
    ),
    "telework_yearly": (
        lazy_gettext("The ministry's yearly sheet"),
        lazy_gettext(
            "As of the last day: who belongs to the office then. The rate of use is users by eligible people; a user"
            " teleworked at home or at a satellite office for a half-day at least in the period. Business trips are"
            " counted as mobile work, but make nobody a user."
        ),
    ),
    "fairness": (
        lazy_gettext("Mondays and Fridays"),
        lazy_gettext(
            "Granted by available: telework of days that are over and approved plans of those to come, by the working"
            " Mondays and Fridays on which the person belongs to the office. The last column is the distance from the"
            " section's share, in percentage points."
        ),
    ),
    "caps": (
        lazy_gettext("Caps about to break"),
        lazy_gettext(
            "Who has used four fifths of a cap or more, from telework of days that are over and approved plans of those"
            " to come. Weeks run from Monday to Sunday; a row is of working days next to each other with telework and"
            " no half left for the office."
        ),
    ),
}

COLUMNS: Mapping[str, LazyString] = {
    "of": lazy_gettext("Of"),
    "section": lazy_gettext("Section"),
    "name": lazy_gettext("Name"),
    "person_days": lazy_gettext("Person-days"),
    "half_days": lazy_gettext("Half-days"),
    "hours": lazy_gettext("Hours of telework"),
    "working_half_days": lazy_gettext("Half-days of working days"),
    "share": lazy_gettext("Share of all (%)"),
    "eligible_half_days": lazy_gettext("of them of the eligible"),
    "share_of_eligible": lazy_gettext("Share of the eligible (%)"),
    "home_days": lazy_gettext("At home (days)"),
    "satellite_days": lazy_gettext("Satellite office (days)"),
    "mobile_days": lazy_gettext("Mobile, trips (days)"),
    "office_days": lazy_gettext("In the office (days)"),
    "trip_days": lazy_gettext("Business trips (days)"),
    "leave_days": lazy_gettext("Leave (days)"),
    "unknown_half_days": lazy_gettext("Not known (half-days)"),
    "staff": lazy_gettext("Staff (people)"),
    "eligible": lazy_gettext("Eligible"),
    "users": lazy_gettext("Users"),
    "rate": lazy_gettext("Rate of use (%)"),
    "band": lazy_gettext("Band"),
    "home_users": lazy_gettext("At home (people)"),
    "satellite_users": lazy_gettext("Satellite office (people)"),
    "mobile_users": lazy_gettext("Mobile, trips (people)"),
    "monday_granted": lazy_gettext("Mondays granted"),
    "monday_available": lazy_gettext("Mondays available"),
    "monday_share": lazy_gettext("Mondays (%)"),
    "friday_granted": lazy_gettext("Fridays granted"),
    "friday_available": lazy_gettext("Fridays available"),
    "friday_share": lazy_gettext("Fridays (%)"),
    "both_share": lazy_gettext("Both (%)"),
    "off": lazy_gettext("Beside the section (points)"),
    "state": lazy_gettext("State"),
    "period": lazy_gettext("Cap of"),
    "first": lazy_gettext("From"),
    "last": lazy_gettext("Until"),
    "used": lazy_gettext("Used"),
    "at_most": lazy_gettext("At most"),
    "unit": lazy_gettext("In"),
}

# The caps that can be looked at, each in days.
CAPS: Mapping[str, LazyString] = {
    "week": lazy_gettext("Days in a week"),
    "month": lazy_gettext("Days in a month"),
    "fiscal_year": lazy_gettext("Days in the fiscal year"),
    "in_a_row": lazy_gettext("Working days in a row"),
}

WORDS: Mapping[str, LazyString] = {
    "office": lazy_gettext("Whole office"),
    "with_below": lazy_gettext("Section with those below"),
    "section": lazy_gettext("Section"),
    "person": lazy_gettext("Person"),
    "under_30": lazy_gettext("0 to below 30 %"),
    "under_50": lazy_gettext("30 to below 50 %"),
    "under_80": lazy_gettext("50 to below 80 %"),
    "from_80": lazy_gettext("80 % and more"),
    "none": lazy_gettext("nobody is eligible"),
    "near": lazy_gettext("nearly used up"),
    "reached": lazy_gettext("used up"),
    "broken": lazy_gettext("broken"),
    "week": lazy_gettext("the week"),
    "month": lazy_gettext("the month"),
    "fiscal_year": lazy_gettext("the fiscal year"),
    "in_a_row": lazy_gettext("days in a row"),
    "days": lazy_gettext("days"),
    "minutes": lazy_gettext("counted minutes"),
}


def title(column: str) -> str:
    """The heading of a report's column."""
    return str(COLUMNS[column])


def word(code: str) -> str:
    """A code of a table in words."""
    return str(WORDS[code])
