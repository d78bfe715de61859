"""Why there is no plan, and on which days, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from app.rotation.explain import Conflict, explain
from app.rotation.rules import HALVES, Caps, Cell, Cover, Duty, Fixed, Member, Problem, Rule, State

MONDAY, TUESDAY, WEDNESDAY = DAYS = [date(2026, 12, day) for day in (7, 8, 9)]
IDS = ("aoki", "baba", "chiba")
EVERYBODY = Cover("everybody", frozenset(IDS), 3)


def problem(**given: Any) -> Problem:
    return replace(Problem(DAYS, [Member(one, one.title()) for one in IDS]), **given)


def fixed(person: str, day: date, state: State, why: str, *halves: str) -> dict[Cell, Fixed]:
    return {Cell(person, day, half): Fixed(state, why) for half in halves or HALVES}


def conflict(asked: Problem) -> Conflict:
    found = explain(asked)
    assert found is not None
    return found


def test_the_day_is_named_on_which_somebody_is_away_and_how_many_are() -> None:
    leave = {
        **fixed("aoki", TUESDAY, State.AWAY, "leave", "am"),
        **fixed("baba", TUESDAY, State.AWAY, "leave"),
        **fixed("aoki", WEDNESDAY, State.OFFICE, "meeting"),
    }
    found = conflict(problem(covers=[EVERYBODY], fixed=leave))
    assert found.rules == (Rule("cover", "everybody"),)
    assert (found.days, found.is_each) == ((TUESDAY,), True)
    told = found.told(problem(covers=[EVERYBODY], fixed=leave))
    assert told["days"] == [{"on": "2026-12-08", "am": 2, "pm": 1}]
    assert (told["is_each"], told["people"]) == (True, 3)
    assert "leave" not in str(told)


def test_every_day_on_which_the_rules_fail_alone_is_named() -> None:
    found = conflict(problem(covers=[EVERYBODY], seats=2))
    assert {one.kind for one in found.rules} == {"cover", "seats"}
    assert found.days == tuple(DAYS)


def test_where_each_day_alone_could_be_few_are_named_that_together_cannot() -> None:
    # Somebody is always at home, since there are two seats; each may be so for a day a week, and on Tuesday nobody may.
    capped = [Member(one, one, caps=Caps(week=1)) for one in IDS]
    found = conflict(problem(members=capped, seats=2))
    assert found.is_each is False
    assert 1 < len(found.days) <= len(DAYS)
    assert {one.kind for one in found.rules} == {"week", "seats"}
    # Three people may be at home for a half-day each: two days have four half-days.
    assert len(found.days) == 2


def test_a_row_is_not_made_by_leaving_out_the_days_between() -> None:
    # aoki is at home on Monday and Wednesday by lock: no row of two days, whatever is left out.
    locked = {**fixed("aoki", MONDAY, State.HOME, "locked"), **fixed("aoki", WEDNESDAY, State.HOME, "locked")}
    members = [Member("aoki", "Aoki", caps=Caps(row=1)), *(Member(one, one) for one in IDS[1:])]
    assert explain(problem(members=members, fixed=locked)) is None
    with_cover = problem(members=members, fixed=locked, covers=[EVERYBODY])
    found = conflict(with_cover)
    assert found.rules == (Rule("cover", "everybody"), Rule("fixed", "aoki", "locked"))
    assert found.days == (MONDAY, WEDNESDAY)
    in_a_row = {**locked, **fixed("aoki", TUESDAY, State.HOME, "approved")}
    rows = conflict(problem(members=members, fixed=in_a_row))
    assert {one.kind for one in rows.rules} == {"fixed", "row"}
    assert (rows.is_each, len(rows.days)) == (False, 2)


def test_what_is_given_is_told_apart_by_why() -> None:
    given = {
        **fixed("aoki", MONDAY, State.HOME, "locked", "am"),
        **fixed("aoki", MONDAY, State.OFFICE, "meeting", "pm"),
        **fixed("baba", MONDAY, State.HOME, "approved"),
    }
    found = conflict(problem(fixed=given, duties=[Duty("cash", "aoki", "baba")]))
    assert found.rules == (
        Rule("duty", "cash"),
        Rule("fixed", "aoki", "locked"),
        Rule("fixed", "baba", "approved"),
    )
    assert [one["why"] for one in found.told(problem(fixed=given))["rules"]] == ["", "locked", "approved"]


def test_a_day_on_which_everybody_is_away_fails_too() -> None:
    away = {cell: one for person in IDS for cell, one in fixed(person, MONDAY, State.AWAY, "leave").items()}
    found = conflict(problem(fixed=away, covers=[replace(EVERYBODY, least=1)]))
    assert found.days == (MONDAY,)
