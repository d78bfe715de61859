"""What is said of plans, rules and approvals of telework; a part of `app.wording`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from app.formats import day, hours_and_minutes, length_of

OF_TELEWORK: Mapping[str, LazyString] = {
    "telework.cap": lazy_gettext("A rule of telework does not allow this."),
    "telework.closed_day": lazy_gettext("The office is closed on that day: there is nothing to plan."),
    "telework.day_closed": lazy_gettext("This day is closed. Ask for a correction."),
    "telework.deputy": lazy_gettext(
        "A deputy is somebody else than the chief, for a chief, until a day to come."
    ),
    "telework.no_deputy": lazy_gettext("There is no such deputy."),
    "telework.no_hours": lazy_gettext("Choose a time within office hours, the end after the start."),
    "telework.no_rule": lazy_gettext("There is no such rule of telework."),
    "telework.not_allowed": lazy_gettext(
        "Only the chief of the section, or who decides for them now, may do this. Nobody decides on the own plans."
    ),
    "telework.not_allowed/days": lazy_gettext(
        "These days are shown to the person, the chief of the section and personnel."
    ),
    "telework.not_allowed/deputy": lazy_gettext(
        "A chief names the own deputies; personnel may do so for them."
    ),
    "telework.not_yours": lazy_gettext("This plan belongs to somebody else."),
    "telework.no_booking": lazy_gettext("Tick at least one thing to give up."),
    "telework.nothing_chosen": lazy_gettext("Choose at least one half-day."),
    "telework.one_plan": lazy_gettext(
        "A half-day has one plan, and another one stands there. "
        "Change that one to the hours that remain, or withdraw it first."
    ),
    "telework.reason": lazy_gettext("Say why in a few words: the person reads it."),
    "telework.rule_dates": lazy_gettext(
        "A rule begins today or later, and ends after it begins. What held before stays as it was."
    ),
    "telework.rule_exists": lazy_gettext(
        "There is a rule for the same people from the same day on. Drop it first."
    ),
    "telework.rule_over": lazy_gettext("This rule has ended already."),
    "telework.state": lazy_gettext(
        "The plan is not in a state that allows this. Somebody may have changed it: load it again."
    ),
    "telework.too_far": lazy_gettext("That is more than a year ahead."),
    "telework.unknown": lazy_gettext("There is no such plan."),
}

PLAN_KINDS: Mapping[str, LazyString] = {
    "office": lazy_gettext("Office"),
    "home": lazy_gettext("Home"),
    "satellite": lazy_gettext("Satellite office"),
    "trip": lazy_gettext("Business trip"),
    "leave": lazy_gettext("Leave"),
}

PLAN_STATES: Mapping[str, LazyString] = {
    "requested": lazy_gettext("Waits for approval"),
    "approved": lazy_gettext("Approved"),
    "rejected": lazy_gettext("Refused"),
    "revoked": lazy_gettext("Approval taken back"),
    "withdrawn": lazy_gettext("Withdrawn"),
}

HALVES: Mapping[str, LazyString] = {"am": lazy_gettext("AM"), "pm": lazy_gettext("PM")}

UNITS: Mapping[str, LazyString] = {
    "day": lazy_gettext("whole days"),
    "half_day": lazy_gettext("half-days"),
    "hour": lazy_gettext("hours"),
    "minute": lazy_gettext("minutes"),
}

OVER_CAP: Mapping[str, LazyString] = {
    "refuse": lazy_gettext("refused at once"),
    "ask": lazy_gettext("shown to the chief, who decides"),
}

# What a cap counts in.
PERIODS: Mapping[str, LazyString] = {
    "week": lazy_gettext("Week"),
    "month": lazy_gettext("Month"),
    "fiscal_year": lazy_gettext("Fiscal year"),
}

# What the form of a rule asks for, and what each field takes where it was not understood.
RULE_FIELDS: Mapping[str, LazyString] = {
    "section": lazy_gettext("Section"),
    "employment": lazy_gettext("Employment"),
    "eligible": lazy_gettext("Telework"),
    "from": lazy_gettext("From"),
    "until": lazy_gettext("Until (empty: until further notice)"),
    "unit": lazy_gettext("Planned by"),
    "in_a_row": lazy_gettext("In a row: at most (working days)"),
    "terminals": lazy_gettext("Terminals to lend to those at home"),
    "deadline_days": lazy_gettext("To be asked for so many working days before"),
    "deadline_at": lazy_gettext("by this time of that day"),
    "over_cap": lazy_gettext("What is beyond a cap or a deadline is"),
}
_CAP_HINT = lazy_gettext("Half or whole days such as 2.5; or hours to the minute such as 7.75.")
_DAY_HINT = lazy_gettext("A day such as 2027-04-01, today or later, the last one not before the first.")
_COUNT_HINT = lazy_gettext("A whole number, not too large.")
_CHOICE_HINT = lazy_gettext("Choose one of the list.")
RULE_HINTS: Mapping[str, LazyString] = {
    **dict.fromkeys(PERIODS, _CAP_HINT),
    **dict.fromkeys(("from", "until"), _DAY_HINT),
    **dict.fromkeys(("in_a_row", "terminals", "deadline_days"), _COUNT_HINT),
    **dict.fromkeys(("section", "employment", "unit", "over_cap"), _CHOICE_HINT),
    "deadline_at": lazy_gettext("A time such as 17:15."),
}

BREACHES: Mapping[str, LazyString] = {
    "week": lazy_gettext("More than a week allows: %(value)s, at most %(cap)s (%(first)s to %(last)s)."),
    "month": lazy_gettext("More than a month allows: %(value)s, at most %(cap)s (%(first)s to %(last)s)."),
    "fiscal_year": lazy_gettext("More than fiscal year %(year)s allows: %(value)s, at most %(cap)s."),
    "in_a_row": lazy_gettext(
        "Too many working days in a row: %(value)s, at most %(cap)s (%(first)s to %(last)s)."
    ),
    "terminals": lazy_gettext(
        "Not enough terminals on %(first)s: %(value)s would be at home, and %(cap)s can be lent."
    ),
    "deadline": lazy_gettext("Asked for too late: %(first)s was to be asked for by %(due)s."),
    "unit/day": lazy_gettext("Telework is planned by whole days: take both halves of %(first)s."),
    "unit/half_day": lazy_gettext("Telework is planned by half-days: take a whole half of %(first)s."),
    "unit/hour": lazy_gettext("Telework is planned by whole hours (%(first)s)."),
    "eligible": lazy_gettext("The rules do not provide for telework for this person (%(first)s)."),
}


def breach(facts: Mapping[str, Any]) -> str:
    """A broken rule in a sentence: which, by how much, when. `facts` as `app.telework.caps.service.facts`."""
    rule = str(facts.get("rule", ""))
    text = BREACHES.get(f"{rule}/{facts.get('measure')}") or BREACHES.get(rule)
    if text is None:
        return str(OF_TELEWORK["telework.cap"])
    measure = str(facts["measure"])
    first, last = (date.fromisoformat(facts[name]) for name in ("first", "last"))
    said = {
        "value": amount(int(facts["value"]), measure),
        "cap": amount(int(str(facts["allowed"]).removeprefix("<= ")), measure),
        "first": day(first),
        "last": day(last),
        "year": first.year,
        "due": "",
    }
    if facts.get("due_at"):
        due = datetime.fromisoformat(facts["due_at"])
        said["due"] = f"{day(due)} {hours_and_minutes(due)}"
    return str(text) % said


def amount(value: int, measure: str) -> str:
    """So much telework: half-days as days, minutes as hours; people and days as a number."""
    match measure:
        case "half_days":
            return _days(value / 2)
        case "minutes":
            return length_of(timedelta(minutes=value)) if 0 < value < 24 * 60 else _hours(value / 60)
        case "days":
            return _days(value)
        case _:
            return str(value)


def _days(number: float) -> str:
    return str(gettext("1 day") if number == 1 else gettext("%(number)s days", number=f"{number:g}"))


def _hours(number: float) -> str:
    return str(gettext("%(number)s hours", number=f"{number:g}"))


def cells(listed: list[list[str]]) -> str:
    """Half-days as the events of approvals name them, in words: 11月25日(水) 在宅, 11月26日(木) AM 出張."""
    days: dict[tuple[str, str], list[str]] = {}
    for on, half, kind in listed:
        days.setdefault((on, kind), []).append(half)
    said = []
    for (on, kind), halves in days.items():
        when = "" if len(halves) > 1 else f" {HALVES[halves[0]]}"
        said.append(f"{day(date.fromisoformat(on))}{when} {PLAN_KINDS.get(kind, kind)}")
    return ", ".join(said)


def rule_field(name: str) -> str:
    """What a field of the form of a rule is called."""
    if name in PERIODS:
        return str(
            gettext(
                "%(period)s: at most (days; hours where planned by hours or minutes)", period=PERIODS[name]
            )
        )
    return str(RULE_FIELDS[name])
