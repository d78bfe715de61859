"""The desk assignment of the ASOCIO 2025 challenge: who comes on which days, and to which desk; pure.

Musts: everybody comes on two or three days, to a desk of their list, one person a desk and day; each group has one day
on which all of it is in. Wishes, in this order: days wanted; nobody of a group alone in a zone; the same desk all week.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.texts import is_storable

LEAST_DAYS, MOST_DAYS = 2, 3
Plan = Mapping[str, Mapping[str, str]]  # person → day → desk


class InstanceError(ValueError):
    """A file that is no instance; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Instance:
    """People, days and desks in the order of the file; what each person wants and may have; who belongs together."""

    people: Sequence[str]
    days: Sequence[str]
    desks: Sequence[str]
    wanted: Mapping[str, frozenset[str]]
    allowed: Mapping[str, Sequence[str]]
    group_of: Mapping[str, str]
    zone_of: Mapping[str, str]

    @property
    def groups(self) -> dict[str, list[str]]:
        """The members of each group, in the order of the file."""
        found: dict[str, list[str]] = {}
        for person in self.people:
            found.setdefault(self.group_of[person], []).append(person)
        return found

    @classmethod
    def parse(cls, said: Any) -> Instance:
        """From the challenge's JSON; raises InstanceError."""
        given = {name: _part(said, name) for name in ("Employees", "Days", "Desks")}
        people, days, desks = (_names(listed, name) for name, listed in given.items())
        groups, zones, wanted, allowed = (
            _lists(_part(said, name), name) for name in ("Employees_G", "Desks_Z", "Days_E", "Desks_E")
        )
        for name, listed in (("Employees", people), ("Days", days), ("Desks", desks)):
            _check_names(listed, name)
        for name, lists in (("Days_E", wanted), ("Desks_E", allowed)):
            if strange := lists.keys() - set(people):
                raise InstanceError(f"{name} speaks of {min(strange)}, whom Employees does not name")
        if without := set(people) - allowed.keys():
            raise InstanceError(f"Desks_E says nothing of {min(without)}")
        made = cls(
            people,
            days,
            desks,
            {person: frozenset(wanted.get(person, ())) for person in people},
            {person: list(dict.fromkeys(allowed[person])) for person in people},
            _lists_of(groups, "Employees_G", people),
            _lists_of(zones, "Desks_Z", desks),
        )
        made._check()
        return made

    def _check(self) -> None:
        for person in self.people:
            if person not in self.group_of:
                raise InstanceError(f"{person} belongs to no group")
            if desks := set(self.allowed[person]) - set(self.desks):
                raise InstanceError(f"{person} may have the unknown desk {min(desks)}")
            if days := self.wanted[person] - set(self.days):
                raise InstanceError(f"{person} wants the unknown day {min(days)}")
        if strange := set(self.desks) - self.zone_of.keys():
            raise InstanceError(f"{min(strange)} is in no zone")


def _part(said: Any, name: str) -> Any:
    """A part of the file."""
    if not isinstance(said, dict) or name not in said:
        raise InstanceError(f"there is no {name}")
    return said[name]


def _names(listed: Any, where: str) -> list[str]:
    """A list of names, as texts that can be written down again."""
    if not isinstance(listed, list) or not all(isinstance(one, str) and is_storable(one) for one in listed):
        raise InstanceError(f"{where} is no list of names")
    return listed


def _check_names(listed: Sequence[str], where: str) -> None:
    if not listed:
        raise InstanceError(f"{where} names nothing")
    if len(set(listed)) < len(listed):
        raise InstanceError(f"{where} names something twice")


def _lists_of(lists: Mapping[str, Sequence[str]], where: str, known: Collection[str]) -> dict[str, str]:
    """In which of these lists each name stands; in one alone."""
    found: dict[str, str] = {}
    for one, listed in lists.items():
        for name in listed:
            if name not in known:
                raise InstanceError(f"{where}.{one} has the unknown {name}")
            if name in found:
                raise InstanceError(f"{name} stands twice in {where}: in {found[name]} and in {one}")
            found[name] = one
    return found


def _lists(said: Any, where: str) -> dict[str, list[str]]:
    """Lists of names, by a name."""
    if not isinstance(said, dict):
        raise InstanceError(f"{where} has no lists by name")
    _names(list(said), where)
    return {name: _names(listed, f"{where}.{name}") for name, listed in said.items()}


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a plan is, as the challenge's published figures count it.

    `isolated`: present with nobody of one's group in the same zone, or alone of the group that day. `desk_changes`:
    different desks of a person in the week, less one.
    """

    wishes_met: int
    wishes: int
    isolated: int
    desk_changes: int
    group_days: int
    groups: int


def figures(instance: Instance, plan: Plan) -> Figures:
    """Count a plan; shares nothing with the search."""
    zones = Counter(
        (day, instance.group_of[person], instance.zone_of[desk])
        for person, days in plan.items()
        for day, desk in days.items()
    )
    return Figures(
        wishes_met=sum(
            day in plan.get(person, {}) for person in instance.people for day in instance.wanted[person]
        ),
        wishes=sum(map(len, instance.wanted.values())),
        isolated=sum(count == 1 for count in zones.values()),
        desk_changes=sum(len(set(days.values())) - 1 for days in plan.values() if days),
        group_days=sum(
            any(all(day in plan.get(one, {}) for one in members) for day in instance.days)
            for members in instance.groups.values()
        ),
        groups=len(instance.groups),
    )


def violations(instance: Instance, plan: Plan) -> list[str]:
    """What of the musts a plan breaks, in words; shares nothing with the search."""
    found = []
    for person in instance.people:
        days = plan.get(person, {})
        if not LEAST_DAYS <= len(days) <= MOST_DAYS:
            found.append(f"{person} comes on {len(days)} days, not on {LEAST_DAYS} or {MOST_DAYS}")
        for day, desk in days.items():
            if day not in instance.days:
                found.append(f"{person} comes on the unknown day {day}")
            if desk not in instance.allowed[person]:
                found.append(f"{person} sits at {desk} on {day}, which is not of the list")
    taken = Counter((day, desk) for days in plan.values() for day, desk in days.items())
    found += [f"{desk} is taken {count} times on {day}" for (day, desk), count in taken.items() if count > 1]
    for group, members in instance.groups.items():
        if not any(all(day in plan.get(one, {}) for one in members) for day in instance.days):
            found.append(f"{group} has no day on which all of it is in")
    return found
