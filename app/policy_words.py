"""What each policy is called, and what its value means; `app.wording` hands it on."""

from collections.abc import Mapping

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

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
    "walk_in": (lazy_gettext("Sitting down without a booking"), lazy_gettext("on or off")),
    "check_in_by_hand": (
        lazy_gettext("Check-in by hand needed"),
        lazy_gettext("where there is no sensor: on or off"),
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
    "offer_hold": (
        lazy_gettext("Hold for the queue"),
        lazy_gettext("the first in line has so long to answer, such as 10m"),
    ),
    "change_seats": (
        lazy_gettext("Another seat each day"),
        lazy_gettext("what is proposed is not what one had of late: on or off"),
    ),
    "weekly_quota": (
        lazy_gettext("Bookings in a week"),
        lazy_gettext("of one person, Monday to Sunday: a number, or off"),
    ),
}
