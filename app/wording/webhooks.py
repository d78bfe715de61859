"""Why a webhook is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

REFUSALS: Mapping[str, LazyString] = {
    "webhook.invalid": lazy_gettext(
        "Give an address that begins with http:// or https://, without a password in it, and a kind of event."
    ),
    "webhook.kept": lazy_gettext(
        "Whoever made this webhook is here and answers for it. Only a leaver's is taken over."
    ),
    "webhook.kind": lazy_gettext("There is no such kind of event."),
    "webhook.maker_left": lazy_gettext(
        "Whoever made this webhook has left: take it over, and it is called again."
    ),
    "webhook.not_allowed": lazy_gettext(
        "Facility staff may choose kinds of booking, closure, gateway, lots, policy, sensor, series, site, space,"
        " waitlist and zone, such as booking.*; all others are for IT."
    ),
    "webhook.unknown": lazy_gettext("There is no such webhook."),
}


def unknown(facts: Mapping[str, Any]) -> str:
    """Which kinds of event there are not, where that is known."""
    if "kinds" not in facts:
        return str(REFUSALS["webhook.kind"])
    return str(
        gettext(
            "There is no such kind of event: %(kinds)s. Ask for a family such as booking.*, or one of the list.",
            kinds=", ".join(facts["kinds"]),
        )
    )
