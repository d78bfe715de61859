"""A plan of an ASOCIO instance as one would make it by hand, in stages: days, then zones, then desks. To compare with.

It may fail where a desk is missing in a later stage; then it begins anew with another order of the people.
"""

from collections import Counter
from random import Random

from app.rotation.asocio import LEAST_DAYS, MOST_DAYS, Instance

TRIES = 200
Assignment = dict[str, dict[str, str]]


def staged(instance: Instance, seed: int = 1) -> Assignment | None:
    """The first plan that the stages lead to."""
    random = Random(seed)
    for _ in range(TRIES):
        people = random.sample(list(instance.people), len(instance.people))
        if (plan := _try(instance, people)) is not None:
            return plan
    return None


def _try(of: Instance, people: list[str]) -> Assignment | None:
    meets = _meeting_days(of)
    days_of = {person: [meets[of.group_of[person]]] for person in people}
    coming = {day: [one for one in people if day in days_of[one]] for day in of.days}
    if not all(_seat(of, coming[day]) is not None for day in of.days):
        return None
    for person in people:
        _add_days(of, person, days_of[person], coming)
        if len(days_of[person]) < LEAST_DAYS:
            return None
    plan: Assignment = {person: {} for person in of.people}
    usual: dict[str, str] = {}
    for day in of.days:
        for person, desk in (_seat(of, coming[day], usual) or {}).items():
            plan[person][day] = desk
            usual.setdefault(person, desk)
    return plan


def _add_days(of: Instance, person: str, own: list[str], coming: dict[str, list[str]]) -> None:
    """The days that somebody wishes, then any, as long as there is a desk for everybody."""
    wished = [day for day in of.days if day in of.wanted[person]]
    others = sorted((day for day in of.days if day not in wished), key=lambda day: len(coming[day]))
    for day in [*wished, *others]:
        enough = MOST_DAYS if day in wished else LEAST_DAYS
        if day not in own and len(own) < enough and _seat(of, [*coming[day], person]) is not None:
            own.append(day)
            coming[day].append(person)


def _meeting_days(of: Instance) -> dict[str, str]:
    """The day that most of a group want, the groups spread over the week."""
    taken: Counter[str] = Counter()
    found = {}
    for group, members in sorted(of.groups.items(), key=lambda item: -len(item[1])):
        fits = [day for day in of.days if taken[day] + len(members) <= len(of.desks)] or list(of.days)
        found[group] = max(fits, key=lambda day: sum(day in of.wanted[one] for one in members))
        taken[found[group]] += len(members)
    return found


def _seat(of: Instance, people: list[str], usual: dict[str, str] | None = None) -> dict[str, str] | None:
    """A desk for each, by augmenting paths; first the usual one, then in the zone where most of the group may sit."""
    zones = {
        group: Counter(of.zone_of[desk] for one in members for desk in of.allowed[one])
        for group, members in of.groups.items()
    }
    holder: dict[str, str] = {}

    def place(person: str, seen: set[str]) -> bool:
        own = (usual or {}).get(person)
        best = zones[of.group_of[person]]
        for desk in sorted(of.allowed[person], key=lambda desk: (desk != own, -best[of.zone_of[desk]])):
            if desk not in seen:
                seen.add(desk)
                if desk not in holder or place(holder[desk], seen):
                    holder[desk] = person
                    return True
        return False

    if all(place(person, set()) for person in people):
        return {person: desk for desk, person in holder.items()}
    return None
