"""The documented form of a problem and of its plan: `akiseki rotation solve` and POST /rotations take the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.errors import RuleBroken
from app.fields import Day, Text
from app.rotation.consistency import contradictions
from app.rotation.rules import (
    HALVES,
    Caps,
    Cell,
    Cover,
    Duty,
    Fixed,
    Goal,
    Granted,
    HalfDay,
    Member,
    Plan,
    Pool,
    Problem,
    Quota,
    State,
    Wish,
)

MOST_MEMBERS, MOST_DAYS, MOST_CELLS = 200, 66, 60_000
NAME = validate.Length(min=1, max=100)
A_UNIT = validate.Length(max=120)  # a section's name, with its code where another has the same
A_HALF = validate.OneOf(HALVES)


def count(**given: Any) -> fields.Integer:
    """A number that cannot be less than nothing."""
    return fields.Integer(strict=True, validate=validate.Range(min=0, max=1_000_000), **given)


class CapsForm(Schema):
    """The most half-days at home in a week, in the days planned, left of the fiscal year; `row`: days in a row, with
    nothing in the office."""

    week = count(load_default=None, allow_none=True)
    month = count(load_default=None, allow_none=True)
    year = count(load_default=None, allow_none=True)
    row = count(load_default=None, allow_none=True)


A_DAYS_MINUTES = validate.Range(min=1, max=24 * 60)


class MinutesForm(Schema):
    """How many minutes each half of a day has."""

    am = fields.Integer(strict=True, required=True, validate=A_DAYS_MINUTES)
    pm = fields.Integer(strict=True, required=True, validate=A_DAYS_MINUTES)


class QuotaForm(Schema):
    """A cap of one week, month or year, which `kind` names: at most so many half-days at home from `first` to `last`,
    of which so many are settled on other days than those planned. With `minutes` both numbers are minutes, and each
    half at home takes as many as it says."""

    kind = Text(required=True, validate=validate.OneOf(["week", "month", "year"]))
    first = Day(required=True)
    last = Day(required=True)
    most = count(required=True)
    settled = count(load_default=0)
    minutes = fields.Nested(MinutesForm, load_default=None, allow_none=True)


class GoalForm(Schema):
    """So many half-days at home are wanted from `first` to `last`."""

    first = Day(required=True)
    last = Day(required=True)
    half_days = count(required=True)


class GrantedForm(Schema):
    granted = count(load_default=0)
    available = count(load_default=0)


class MemberForm(Schema):
    """`target`: half-days at home that are wanted in all, `targets`: from a day to another; without any there are none
    but for wishes. `mondays`, `fridays`: of the fiscal year of the first day, before it; another year that begins among
    the days begins from nothing. `barred`: days that are never at home. `whole_days`: at home are both halves of a day,
    or none. `quotas`: caps of single periods, beside `caps`.

    `around`: half-days at home on the working days just before and after those planned, which are settled; both halves
    of a day count for the days in a row.

    `unit_on`: days on which they belong to another unit, or ("") to none.
    """

    id = Text(required=True, validate=NAME)
    name = Text(validate=NAME)
    unit = Text(load_default="", validate=A_UNIT)
    unit_on = fields.Dict(
        keys=Day(), values=Text(validate=A_UNIT), load_default=dict, validate=validate.Length(max=MOST_DAYS)
    )
    eligible = fields.Boolean(load_default=True)
    barred = fields.List(Day(), load_default=list, validate=validate.Length(max=MOST_DAYS))
    whole_days = fields.Boolean(load_default=False)
    skills = fields.List(Text(validate=NAME), load_default=list, validate=validate.Length(max=50))
    own_terminal = fields.Boolean(load_default=False)
    caps = fields.Nested(CapsForm, load_default=None, allow_none=True)
    quotas = fields.List(fields.Nested(QuotaForm), load_default=list, validate=validate.Length(max=100))
    target = count(load_default=None, allow_none=True)
    targets = fields.List(fields.Nested(GoalForm), load_default=list, validate=validate.Length(max=100))
    mondays = fields.Nested(GrantedForm, load_default=None, allow_none=True)
    fridays = fields.Nested(GrantedForm, load_default=None, allow_none=True)
    mentor = Text(load_default=None, allow_none=True)
    around = fields.Dict(
        keys=Day(),
        values=fields.Integer(strict=True, validate=validate.Range(min=0, max=len(HALVES))),
        load_default=dict,
        validate=validate.Length(max=MOST_DAYS),
    )


class HalfDayForm(Schema):
    """Of a person and day, both halves where none is named."""

    person = Text(required=True)
    day = Day(required=True)
    half = Text(load_default=None, allow_none=True, validate=A_HALF)


class CellForm(HalfDayForm):
    state = Text(required=True, validate=validate.OneOf([state.value for state in State]))


class ChosenForm(CellForm):
    state = Text(required=True, validate=validate.OneOf([State.OFFICE.value, State.HOME.value]))


class FixedForm(CellForm):
    """`off`: who is away never works then (part-time), so that the day is none of those in a row; after leave it is.
    `approved`: it has been approved already; what is so at home counts for the caps, and breaks none by itself."""

    off = fields.Boolean(load_default=False)
    approved = fields.Boolean(load_default=False)
    why = Text(load_default="", validate=validate.Length(max=200))


class WishForm(ChosenForm):
    care = fields.Boolean(load_default=False)


def people_on() -> Any:
    """Days on which the people are others."""
    return fields.Dict(
        keys=Day(),
        values=fields.List(Text()),
        load_default=dict,
        validate=validate.Length(max=MOST_DAYS),
    )


class BegunForm(Schema):
    """A half-day; both halves of the day where none is named."""

    day = Day(required=True)
    half = Text(load_default=None, allow_none=True, validate=A_HALF)


class MostForm(BegunForm):
    """A half-day with another number; both halves of the day where none is named."""

    most = count(required=True)


def most_on() -> Any:
    """Half-days with another number."""
    return fields.List(
        fields.Nested(MostForm), load_default=list, validate=validate.Length(max=MOST_DAYS * len(HALVES))
    )


class CoverForm(Schema):
    """At least so many in the office of these people, of a unit, of those with a skill: of whoever is all that is
    named; else of all. `people_on`: days on which these people are others."""

    name = Text(required=True, validate=NAME)
    people = fields.List(Text(), load_default=None, allow_none=True)
    unit = Text(load_default=None, allow_none=True)
    skill = Text(load_default=None, allow_none=True)
    least = count(required=True)
    half = Text(load_default=None, allow_none=True, validate=A_HALF)
    people_on = people_on()


class PoolForm(Schema):
    """Terminals that are lent to some of the people: `most` of them, in the half-days of `most_on` another number."""

    name = Text(required=True, validate=NAME)
    people = fields.List(Text(), required=True)
    most = count(required=True)
    people_on = people_on()
    most_on = most_on()


class DutyForm(Schema):
    name = Text(required=True, validate=NAME)
    main = Text(required=True)
    deputy = Text(required=True)


class ProblemParts(Schema):
    """A section's days and people, what must hold, and what is wished for. See `app.rotation.rules` for each.
    `seats_on`: half-days with another number of seats; `terminals` are lent to all, those of `pools` to some;
    `satellites`: half-days that, at home, are at a satellite office, for which none is lent; `called_in`: half-days in
    which somebody is asked to come: where what is given keeps them at home, publishing says so; `begun`: half-days of
    which nothing is asked any more, neither people in the office nor seats or terminals for them."""

    days = fields.List(Day(), required=True, validate=validate.Length(min=1, max=MOST_DAYS))
    members = fields.List(
        fields.Nested(MemberForm), required=True, validate=validate.Length(min=1, max=MOST_MEMBERS)
    )
    fixed = fields.List(fields.Nested(FixedForm), load_default=list, validate=validate.Length(max=MOST_CELLS))
    covers = fields.List(fields.Nested(CoverForm), load_default=list, validate=validate.Length(max=200))
    duties = fields.List(fields.Nested(DutyForm), load_default=list, validate=validate.Length(max=500))
    seats = count(load_default=None, allow_none=True)
    seats_on = most_on()
    terminals = count(load_default=None, allow_none=True)
    pools = fields.List(fields.Nested(PoolForm), load_default=list, validate=validate.Length(max=100))
    satellites = fields.List(
        fields.Nested(HalfDayForm), load_default=list, validate=validate.Length(max=MOST_CELLS)
    )
    called_in = fields.List(
        fields.Nested(HalfDayForm), load_default=list, validate=validate.Length(max=MOST_CELLS)
    )
    begun = fields.List(
        fields.Nested(BegunForm), load_default=list, validate=validate.Length(max=MOST_DAYS * len(HALVES))
    )
    wishes = fields.List(fields.Nested(WishForm), load_default=list, validate=validate.Length(max=MOST_CELLS))
    published = fields.List(
        fields.Nested(ChosenForm), load_default=list, validate=validate.Length(max=MOST_CELLS)
    )


class ProblemForm(ProblemParts):
    """The parts of a problem, which agree with each other."""

    @validates_schema
    def names_what_it_has(self, data: dict[str, Any], **_: object) -> None:
        """Every person that is named is a member, every day one of the days, nothing stands there twice."""
        wrong: dict[str, list[str]] = {}
        for where, said in contradictions(data):
            if said not in wrong.setdefault(where, []):
                wrong[where].append(said)
        if wrong:
            raise ValidationError({where: said[:5] for where, said in wrong.items()})


def problem_of(said: Mapping[str, Any]) -> Problem:
    """The problem of a loaded form."""
    members, days = [_member(one) for one in said["members"]], sorted(said["days"])
    return Problem(
        days=days,
        members=members,
        fixed={
            cell: Fixed(State(one["state"]), one["why"], one["off"], one["approved"])
            for one, cell in _cells(said["fixed"])
        },
        covers=[_cover(one, members, days) for one in said["covers"]],
        duties=[Duty(one["name"], one["main"], one["deputy"]) for one in said["duties"]],
        seats=said["seats"],
        seats_on=_most_on(said["seats_on"]),
        terminals=said["terminals"],
        pools=[
            Pool(
                one["name"],
                frozenset(one["people"]),
                one["most"],
                _people_on(one),
                _most_on(one["most_on"]),
            )
            for one in said["pools"]
        ],
        satellites=frozenset(cell for _one, cell in _cells(said["satellites"])),
        called_in=frozenset(cell for _one, cell in _cells(said["called_in"])),
        begun=frozenset(half_day for _one, half_day in _half_days(said["begun"])),
        wishes=[Wish(cell, State(one["state"]), one["care"]) for one, cell in _cells(said["wishes"])],
        published={cell: State(one["state"]) for one, cell in _cells(said["published"])},
    )


def put_together(form: Mapping[str, Any]) -> Problem:
    """The problem of a form as JSON has it. Raises RuleBroken `rotation.problem` where it is none."""
    try:
        return problem_of(ProblemForm().load(form))
    except ValidationError as error:
        raise RuleBroken("rotation.problem", said=first_said(error.messages)) from error


def first_said(messages: Any) -> str:
    """The first thing that is wrong with a form, and where."""
    path = []
    while isinstance(messages, Mapping):
        key, messages = next(iter(messages.items()))
        path.append(str(key))
    return f"{'.'.join(path)}: {messages[0] if isinstance(messages, list) else messages}"


def _member(one: Mapping[str, Any]) -> Member:
    return Member(
        id=one["id"],
        name=one.get("name", one["id"]),
        unit=one["unit"],
        unit_on=one["unit_on"],
        eligible=one["eligible"],
        barred=frozenset(one["barred"]),
        whole_days=one["whole_days"],
        skills=frozenset(one["skills"]),
        own_terminal=one["own_terminal"],
        caps=Caps(**one["caps"]) if one["caps"] else Caps(),
        quotas=[Quota(**quota) for quota in one["quotas"]],
        target=one["target"],
        targets=[Goal(**goal) for goal in one["targets"]],
        mondays=Granted(**one["mondays"]) if one["mondays"] else Granted(),
        fridays=Granted(**one["fridays"]) if one["fridays"] else Granted(),
        mentor=one["mentor"],
        around=one["around"],
    )


def _cover(one: Mapping[str, Any], members: Sequence[Member], days: Sequence[date]) -> Cover:
    """A cover with those who count for it: whoever is all that it names, day by day."""
    skilled = [member for member in members if one["skill"] is None or one["skill"] in member.skills]
    named = frozenset(member.id for member in members) if one["people"] is None else frozenset(one["people"])
    named_on = _people_on(one)
    counted = {
        day: frozenset(
            member.id
            for member in skilled
            if member.id in named_on.get(day, named)
            and (one["unit"] is None or member.unit_of(day) == one["unit"])
        )
        for day in days
    }
    usual = counted[days[0]]
    others = {day: people for day, people in counted.items() if people != usual}
    return Cover(one["name"], usual, one["least"], one["half"], others)


def _people_on(one: Mapping[str, Any]) -> dict[date, frozenset[str]]:
    return {day: frozenset(people) for day, people in one["people_on"].items()}


def _most_on(listed: Iterable[Mapping[str, Any]]) -> dict[HalfDay, int]:
    return {half_day: one["most"] for one, half_day in _half_days(listed)}


def _cells(listed: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Cell]]:
    for one, (day, half) in _half_days(listed):
        yield one, Cell(one["person"], day, half)


def _half_days(listed: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], HalfDay]]:
    for one in listed:
        for half in HALVES if one["half"] is None else (one["half"],):
            yield one, (one["day"], half)


def plan_form(plan: Plan) -> dict[str, dict[str, dict[str, str]]]:
    """A plan as JSON: person → day → {"am": …, "pm": …}."""
    said: dict[str, dict[str, dict[str, str]]] = {}
    for cell, state in plan.items():
        said.setdefault(cell.person, {}).setdefault(cell.day.isoformat(), {})[cell.half] = state.value
    return said


def plan_of(said: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[Cell, State]:
    """The plan of what `plan_form` made."""
    return {
        Cell(person, date.fromisoformat(day), half): State(state)
        for person, days in said.items()
        for day, halves in days.items()
        for half, state in halves.items()
    }
