"""What would be allowed instead of a refused booking, and whom a refusal is about; a part of `app.wording`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import get_locale, gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from app.formats import day, hours_and_minutes, limit, times, until
from app.timespan import TimeSpan

# What is said to whoever books for somebody else; %(person)s is for whom.
OF_ANOTHER: Mapping[str, LazyString] = {
    "booking.not_allowed/zone": lazy_gettext("%(person)s may not be booked into this zone for that time."),
    "booking.overlap/person": lazy_gettext(
        "%(person)s already holds a space of this kind for part of that time."
    ),
    "booking.rule/concurrent_quota": lazy_gettext(
        "That is one booking more than %(person)s may hold at a time."
    ),
    "booking.rule/weekly_quota": lazy_gettext("That is one booking more than %(person)s may make in a week."),
    "booking.rule/overflow": lazy_gettext(
        "This zone takes %(person)s in when the zone of their own section is full."
    ),
    "booking.rule/lots": lazy_gettext(
        "The seats of this zone are drawn by lot. %(person)s may wish for one; what is left can be booked after the"
        " draw."
    ),
}


def about(key: str, facts: Mapping[str, Any]) -> str:
    """The sentence of a refusal that is about somebody else; "" where it is about the reader, or about nobody."""
    sentence = OF_ANOTHER.get(key) if facts.get("person") else None
    return str(sentence) % {"person": facts["person"]} if sentence is not None else ""


# A refusal's sentence and what would be allowed.
LIMITS: Mapping[str, LazyString] = {
    "max_duration": lazy_gettext("%(sentence)s At most %(limit)s."),
    "capacity": lazy_gettext("%(sentence)s It holds %(limit)s."),
    "concurrent_quota": lazy_gettext("%(sentence)s The limit is %(limit)s."),
    "weekly_quota": lazy_gettext("%(sentence)s The limit is %(limit)s."),
    "min_duration": lazy_gettext("%(sentence)s At least %(limit)s."),
    "buffer": lazy_gettext("%(sentence)s At least %(limit)s."),
    "closed": lazy_gettext("%(sentence)s From %(limit)s on."),
    "out_of_order": lazy_gettext("%(sentence)s From %(limit)s on."),
    "lots": lazy_gettext("%(sentence)s From %(limit)s on."),
    "horizon": lazy_gettext("%(sentence)s The latest start is %(limit)s."),
    "too_far": lazy_gettext("%(sentence)s It can be published from %(limit)s on."),
    "check_in_opens": lazy_gettext("%(sentence)s It opens at %(limit)s."),
}
# Of these nobody knows until when, where no instant is given.
OF_BARRIERS = frozenset({"closed", "out_of_order", "lots"})


def with_limit(sentence: str, facts: Mapping[str, Any]) -> str:
    """A refusal's sentence and, in others, what would be allowed."""
    rule, allowed = str(facts.get("rule")), str(facts["allowed"])
    if rule in TOLD:
        return TOLD[rule](sentence, facts)
    if rule not in LIMITS or (rule in OF_BARRIERS and not allowed.startswith(">=")):
        return sentence
    return str(LIMITS[rule]) % {"sentence": sentence, "limit": limit(allowed)}


def of_series(sentence: str, facts: Mapping[str, Any]) -> str:
    """The refusal of one of a series, with the day that refuses."""
    on = datetime.fromisoformat(facts["start"])
    return str(
        gettext(
            "%(day)s %(start)s: %(sentence)s", day=day(on), start=hours_and_minutes(on), sentence=sentence
        )
    )


def _hours(sentence: str, facts: Mapping[str, Any]) -> str:
    start, end = (datetime.fromisoformat(at) for at in facts["allowed"].split("/"))
    return str(
        gettext(
            "%(sentence)s Open: %(day)s %(start)s-%(end)s.",
            sentence=sentence,
            day=day(start),
            start=hours_and_minutes(start),
            end=until(end),
        )
    )


def _zone(sentence: str, facts: Mapping[str, Any]) -> str:
    """Whose zone it is, on which days it takes in guests, which zones are open; the plain sentence where a refusal
    knows none of it."""
    said: list[object] = []
    if facts.get("section"):
        whose = gettext("This zone belongs to %(section)s.", section=_name(facts["section"]))
        said += [sentence, whose] if facts.get("person") else [whose]
    if facts.get("guest_days"):
        days = _listed(day(date.fromisoformat(on)) for on in facts["guest_days"])
        said.append(gettext("It takes in guests on %(days)s.", days=days))
    if facts.get("zones"):
        zones = _listed(_name(zone) for zone in facts["zones"])
        said.append(gettext("Open for booking: %(zones)s.", zones=zones))
    return joined(said) or sentence


def _clash(sentence: str, facts: Mapping[str, Any]) -> str:
    """When one's own booking in the way is, and the nearest time that is free."""
    said: list[object] = [sentence]
    if "own_start" in facts:
        own = times(_span(facts, "own_start", "own_end"))
        if facts.get("own_space"):
            said.append(gettext("It is %(space)s, %(times)s.", space=facts["own_space"], times=own))
        else:
            said.append(gettext("It is booked %(times)s.", times=own))
    if "next_start" in facts:
        free = _span(facts, "next_start", "next_end")
        said.append(
            gettext("The nearest free time: %(day)s %(times)s.", day=day(free.start), times=times(free))
        )
    return joined(said)


def joined(sentences: Iterable[object]) -> str:
    """Sentences one after the other."""
    return ("" if get_locale().language == "ja" else " ").join(str(one) for one in sentences)


def _span(facts: Mapping[str, Any], start: str, end: str) -> TimeSpan:
    return TimeSpan(datetime.fromisoformat(facts[start]), datetime.fromisoformat(facts[end]))


def _name(one: Mapping[str, Any]) -> str:
    """Of a section or a zone, in the reader's language."""
    return str((one["name_en"] if get_locale().language == "en" else "") or one["name"])


def _listed(words: Iterable[str]) -> str:
    return str(gettext(", ")).join(words)


TOLD: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    "opening_hours": _hours,
    "zone": _zone,
    "space": _clash,
    "person": _clash,
}
