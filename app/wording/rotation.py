"""The rules of a rotation, in words: what must hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from app.formats import day as day_in_words
from app.wording.telework import HALVES

OWN_DEPUTY = lazy_gettext("%(duty)s: the main person and the deputy must be two different people.")
OF_ROTATION: Mapping[str, LazyString] = {
    "rotation.breaks_rules": lazy_gettext(
        "The plans would break a rule of telework. The preview says which: confirm it where you may, or plan anew."
    ),
    "rotation.defect": lazy_gettext(
        "The search only found plans that break a rule, by a fault of the program. Tell whoever looks after the system."
    ),
    "rotation.died": lazy_gettext(
        "The search died each time it was begun. Tell whoever looks after the system."
    ),
    "rotation.days": lazy_gettext("Choose from one working day to three months of them."),
    "rotation.erased": lazy_gettext(
        "The people of this rotation are erased by now: there is nobody to plan."
    ),
    "rotation.not_allowed": lazy_gettext(
        "Only a chief of the section, or of one above it, plans its rotation."
    ),
    "rotation.not_in_it": lazy_gettext("That person, or that day, is not in this rotation."),
    "rotation.of_no_section": lazy_gettext(
        "A problem that was brought along belongs to no section and books nothing."
    ),
    "rotation.no_swap": lazy_gettext("That would be no way out by now. Look again who could step in."),
    "rotation.swap_asked": lazy_gettext("They are asked already, and have not answered."),
    "rotation.swap_late": lazy_gettext("The half-days that you were asked for are over. Nothing changed."),
    "rotation.swap_over": lazy_gettext(
        "This is answered already, or would be no way out by now. Nothing changed."
    ),
    "rotation.over": lazy_gettext("All days of this rotation are over. Plan days to come."),
    "rotation.own_deputy": OWN_DEPUTY,
    "rotation.people": lazy_gettext(
        "In these days the section has nobody, or more people than can be planned at once."
    ),
    "rotation.problem": lazy_gettext("What rotations must hold contradicts itself: nothing can be planned."),
    "rotation.running": lazy_gettext("A search is under way. Wait for it, or end it first."),
    "rotation.state": lazy_gettext(
        "The rotation is not in a state in which this can be done. Load it again."
    ),
    "rotation.too_far": lazy_gettext("Some of its days are further ahead than seats can be booked."),
    "rotation.unknown": lazy_gettext("There is no such rotation."),
}
CONTRADICTION = lazy_gettext(
    "What rotations must hold contradicts itself: nothing can be planned. Technical detail: %(said)s"
)
OWN_MENTOR = lazy_gettext("%(name)s cannot be their own mentor.")
ROTATION_STATES: Mapping[str, LazyString] = {
    "waiting": lazy_gettext("waits for its search"),
    "searching": lazy_gettext("is being searched"),
    "found": lazy_gettext("found, not published"),
    "impossible": lazy_gettext("impossible: rules contradict each other"),
    "nothing": lazy_gettext("nothing found in the time given"),
    "failed": lazy_gettext("the search broke off; ask again"),
    "cancelled": lazy_gettext("cancelled"),
    "published": lazy_gettext("published"),
    "withdrawn": lazy_gettext("withdrawn"),
    "replaced": lazy_gettext("replaced by a later one"),
}
SWAP_STATES: Mapping[str, LazyString] = {
    "offered": lazy_gettext("asked"),
    "accepted": lazy_gettext("comes in"),
    "declined": lazy_gettext("cannot come"),
    "withdrawn": lazy_gettext("need not answer any more"),
}
# What is counted of a plan, the most important first; {value} is filled in.
ROTATION_FIGURES: Mapping[str, LazyString] = {
    "targets": lazy_gettext("half-days off the wanted number at home"),
    "care": lazy_gettext("wishes not met of those who have somebody to care for"),
    "wishes": lazy_gettext("other wishes not met"),
    "uncalled": lazy_gettext("half-days at home that nobody wanted"),
    "unfair": lazy_gettext("spread of Mondays and Fridays at home in each fiscal year (ten-thousandths)"),
    "no_common_day": lazy_gettext("weeks in which a unit has no common day"),
    "peak": lazy_gettext("the most in the office at once"),
    "changes": lazy_gettext("half-days other than published"),
}
WHERE: Mapping[str, LazyString] = {
    "office": lazy_gettext("office"),
    "home": lazy_gettext("home"),
    "away": lazy_gettext("away"),
}
# Why a half-day is given, or is other by now than planned: the sign in the grid, and what it says.
WHY: Mapping[str, tuple[LazyString, LazyString]] = {
    "leave": (lazy_gettext("L"), lazy_gettext("on leave")),
    "trip": (lazy_gettext("T"), lazy_gettext("on a business trip")),
    "part_time": (lazy_gettext("N"), lazy_gettext("never works then")),
    "elsewhere": (lazy_gettext("E"), lazy_gettext("belongs to another section then")),
    "left": (lazy_gettext("G"), lazy_gettext("has left by then")),
    "absent": (lazy_gettext("X"), lazy_gettext("absent, somebody steps in")),
    "begun": (lazy_gettext("B"), lazy_gettext("has begun, and stays as it is")),
    "meeting": (lazy_gettext("M"), lazy_gettext("called in")),
    "approved": (lazy_gettext("A"), lazy_gettext("approved by hand")),
    "office": (lazy_gettext("C"), lazy_gettext("comes in by their own plan")),
    "part": (lazy_gettext("P"), lazy_gettext("a part is approved for something else")),
    "requested": (lazy_gettext("Q"), lazy_gettext("asks for something else")),
    "waits": (lazy_gettext("?"), lazy_gettext("waits for approval")),
    "rejected": (lazy_gettext("D"), lazy_gettext("request refused")),
    "revoked": (lazy_gettext("R"), lazy_gettext("approval taken back")),
    "withdrawn": (lazy_gettext("W"), lazy_gettext("withdrawn by themselves")),
}
LOCKED = lazy_gettext("locked")
LOCKED_AS: Mapping[str, LazyString] = {
    "office": lazy_gettext("locked as in the office for the next search"),
    "home": lazy_gettext("locked as at home for the next search"),
}
DIFFERS = lazy_gettext("differs from what is published")


def notes_in_words(where: str, why: str | None, lock: str | None, *, differs: bool) -> str:
    """What is to be said of a half-day in the grid beside where somebody is; "" for nothing."""
    notes = [WHY[why][1]] if why is not None and why in WHY else []
    if lock is not None:
        notes.append(LOCKED if lock == where else LOCKED_AS[lock])
    if differs:
        notes.append(DIFFERS)
    return str(gettext(", ")).join(str(one) for one in notes) if notes else ""


# By kind of rule; `about` is a person's name, or that of a cover or duty.
ROTATION_RULES: Mapping[str, LazyString] = {
    "fixed": lazy_gettext("%(about)s: the half-days that are given stay as they are."),
    "eligible": lazy_gettext("%(about)s may not work at home."),
    "unit": lazy_gettext("%(about)s works at home on whole days only."),
    "week": lazy_gettext("%(about)s: at most %(limit)s half-days at home in a week."),
    "month": lazy_gettext("%(about)s: at most %(limit)s half-days at home in the month."),
    "year": lazy_gettext("%(about)s: at most %(limit)s more half-days at home in this fiscal year."),
    "row": lazy_gettext("%(about)s: at most %(limit)s days at home in a row, with no half in the office."),
    "cover": lazy_gettext("%(about)s: at least %(limit)s in the office."),
    "duty": lazy_gettext("%(about)s: the main person and the deputy are never both away."),
    "mentor": lazy_gettext("%(about)s is in the office only together with the mentor."),
    "called_in": lazy_gettext(
        "%(about)s is at home while called in: an approval or a lock says so, and stays until it is taken back."
    ),
    "seats": lazy_gettext("No more than %(limit)s in the office: so many seats can be used."),
    "terminals": lazy_gettext("No more than %(limit)s at home with a terminal that is lent."),
}


# By the part of a setting; `about` names it, `people` are elsewhere.
LAPSED: Mapping[str, LazyString] = {
    "person": lazy_gettext("What is kept of %(people)s is not used."),
    "mentor": lazy_gettext("%(about)s is planned without the mentor %(people)s."),
    "cover": lazy_gettext("%(about)s: %(people)s cannot be counted."),
    "cover_section": lazy_gettext("%(about)s: the unit is not below this section, and nobody is counted."),
    "duty": lazy_gettext("%(about)s: the duty is left out, because of %(people)s."),
    "meeting": lazy_gettext("%(about)s: %(people)s are not called in."),
}


def lapsed_in_words(part: str, about: str, people: Iterable[str]) -> str:
    """A part of a setting that does not apply, as a sentence; with the names of whoever is elsewhere."""
    return str(LAPSED[part]) % {"about": about, "people": str(gettext(", ")).join(people)}


# Of what is fixed, by why; whatever else a problem that was brought along may say of it.
FIXED: Mapping[str, LazyString] = {
    "locked": lazy_gettext("%(about)s: the half-days that are locked stay as they are."),
    "meeting": lazy_gettext("%(about)s is in on the days on which all or some are called in."),
    "begun": lazy_gettext("%(about)s: the half-days that have begun stay as they are."),
    "approved": lazy_gettext("%(about)s: the half-days at home that are approved stay so."),
    "office": lazy_gettext("%(about)s: the half-days for which they plan to come in stay so."),
    "part": lazy_gettext(
        "%(about)s: half-days of which a part is approved for something else are in the office."
    ),
}


def rule_in_words(kind: str, about: str, limit: int | None, why: str = "", **_more: object) -> str:
    """A rule of a conflict as a sentence in the reader's language."""
    said = FIXED.get(why, ROTATION_RULES[kind]) if kind == "fixed" else ROTATION_RULES[kind]
    return str(said) % {"about": about, "limit": limit}


def breaks_in_words(breaks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Rules that do not hold in some half-days of a day, each once, with those half-days."""
    when: dict[str, list[str]] = defaultdict(list)
    for one in breaks:
        halves = when[rule_in_words(**one)]
        if one["half"] is not None:
            halves.append(str(HALVES[one["half"]]))
    return [
        str(gettext("%(rule)s (%(when)s)", rule=rule, when=gettext(", ").join(halves))) if halves else rule
        for rule, halves in when.items()
    ]


# On which days rules fail: each alone, or only together.
FAIL_EACH = lazy_gettext("On each of these days, taken alone, they cannot hold together:")
FAIL_TOGETHER = lazy_gettext("They hold on each day alone, but not on all of these days:")
DAYS_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Failing:
    """When rules fail, in words: a lead, the first of the days or half-days, and how many more there are."""

    lead: str
    days: Sequence[str]
    more: int


def failing_in_words(conflict: Mapping[str, Any]) -> Failing | None:
    """On which days a conflict's rules fail, and how many are away then; None where that is not known."""
    days = conflict.get("days")
    if not days:
        return None
    lead = FAIL_EACH if conflict["is_each"] else FAIL_TOGETHER
    said = [_failing(one, conflict["people"]) for one in days[:DAYS_AT_MOST]]
    return Failing(str(lead), said, len(days) - len(said))


def _failing(one: Mapping[str, Any], people: int) -> str:
    day = day_in_words(date.fromisoformat(one["on"]))
    if one["am"] == one["pm"]:
        return str(
            gettext("%(day)s: %(away)s of %(people)s are away", day=day, away=one["am"], people=people)
        )
    return str(
        gettext(
            "%(day)s: of %(people)s, %(am)s are away in the morning and %(pm)s in the afternoon",
            day=day,
            people=people,
            am=one["am"],
            pm=one["pm"],
        )
    )


class NotMet(Protocol):
    """A must that does not hold in a half-day: see `app.rotation.standing.Unmet`."""

    @property
    def rule(self) -> Mapping[str, Any]: ...
    @property
    def on(self) -> date: ...
    @property
    def half(self) -> str: ...
    @property
    def found(self) -> int | None: ...


def unmet_in_words(unmet: Iterable[NotMet]) -> list[Failing]:
    """Each must that does not hold, with the half-days in which it does not."""
    where: dict[str, list[str]] = {}
    for one in unmet:
        where.setdefault(rule_in_words(**one.rule), []).append(_place(one))
    return [
        Failing(sentence, places[:DAYS_AT_MOST], max(0, len(places) - DAYS_AT_MOST))
        for sentence, places in where.items()
    ]


def _place(one: NotMet) -> str:
    said = {"day": day_in_words(one.on), "half": HALVES[one.half]}
    if one.found is None:
        return str(gettext("%(day)s %(half)s", **said))
    return str(gettext("%(day)s %(half)s: %(count)s", **said, count=one.found))
