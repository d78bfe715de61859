"""Every kind of event that there is, for those who ask to be told of some; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_ADDED = ("added", "changed")
# By what it is of. A test looks through the code for others.
_BY_FAMILY: Mapping[str, tuple[str, ...]] = {
    "booking": (
        *(
            "cancelled",
            "changed",
            "checked_in",
            "claimed",
            "completed",
            "corrected",
            "declined",
            "ended_early",
        ),
        *("explained", "held", "invited", "joined_series", "kept", "let_go", "made", "moved", "reclaimed"),
        *("release_warned", "released", "still_coming", "uninvited"),
    ),
    "calendar": ("set",),
    "card": ("removed", "set"),
    "closure": ("lifted", "made"),
    "floor": _ADDED,
    "gateway": ("forgotten", "unheard"),
    "identity": ("bound", "unbound"),
    "lots": (
        *("cancelled", "drawn", "left_out", "missed", "opened", "refused", "seated", "set", "wished"),
        "withdrawn",
    ),
    "password": ("changed", "code_issued"),
    "person": ("listed", "looked_up"),
    "policy": ("cleared", "set"),
    "rotation": (
        *("asked", "cancelled", "failed", "found", "impossible", "locked", "nothing", "published", "set"),
        *("unlocked", "withdrawn"),
    ),
    "section": _ADDED,
    "sensor": (*_ADDED, "bound", "move_dropped", "move_planned", "troubles", "unbound"),
    "series": ("confirmed", "ended", "made", "unused"),
    "sign_in": ("done", "failed"),
    "site": (*_ADDED, "hours_set"),
    "space": (
        *(*_ADDED, "freed", "in_order", "kept", "out_of_order", "outage_ended"),
        *("outage_withdrawn", "removed"),
    ),
    "telework": (
        *(
            "approved",
            "conflict",
            "corrected",
            "day_closed",
            "day_written_anew",
            "deputy_ended",
            "deputy_named",
        ),
        *("mapping_set", "month_closed", "month_reopened", "planned", "rejected", "reported", "restored"),
        *(
            "revoked",
            "rotation_published",
            "rotation_withdrawn",
            "swap_accepted",
            "swap_declined",
            "swap_ended",
        ),
        *("swap_offered", "swap_withdrawn", "waiting", "withdrawn"),
    ),
    "telework_rule": ("dropped", "ended", "made"),
    "token": ("issued", "revoked"),
    "user": (*_ADDED, "leaving", "left", "moved", "returned", "signed_out", "staying"),
    "waitlist": (
        *("accepted", "booked_otherwise", "declined", "expired", "gave_back", "joined", "left", "offered"),
        *("over", "withdrawn"),
    ),
    "webhook": ("disabled",),
    "zone": (*_ADDED, "guests_set", "overflow_set", "removed"),
}
_PLAIN = ("added", "enabled", "removed", "secret_renewed", "taken_over")
KINDS = frozenset(f"{family}.{verb}" for family, verbs in _BY_FAMILY.items() for verb in verbs) | {
    f"webhook_{verb}" for verb in _PLAIN
}
# What may be asked for: all, all of a family, one.
ASKABLE = frozenset({"*", *(f"{family}.*" for family in _BY_FAMILY)}) | KINDS


def unknown(asked: Iterable[str]) -> list[str]:
    """What of it no event will ever be."""
    return [one for one in asked if one not in ASKABLE]
