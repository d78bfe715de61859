"""Sections that held already are another past only where somebody says that they were wrong; on both databases."""

from __future__ import annotations

from datetime import date

import pytest

from app.database import transaction
from app.errors import Conflict
from app.events import history
from app.people import staffing
from app.people.models import Role
from tests.app.people.test_staffing import account, become
from tests.house import House, at


def test_the_past_is_rewritten_by_nobody_who_did_not_say_so_and_the_log_keeps_it(house: House) -> None:
    personnel = become(house, "chiba", Role.PERSONNEL)
    soumu, zei = (next(iter(house.people[who].section_ids)) for who in ("aoki", "endo"))
    mistyped = date(2006, 11, 24)
    was = {"section_id": soumu, "from": "2026-04-01", "until": None}
    with transaction(house.engine) as session:
        user = account(session, house, "aoki")
        with pytest.raises(Conflict, match=r"user\.past_sections") as refused:
            staffing.reassign(session, user, {zei}, from_on=mistyped, actor=personnel, now=at("09:00"))
        assert refused.value.facts == {"stays": [was]}
        staffing.reassign(
            session, user, {zei}, from_on=mistyped, corrects_past=True, actor=personnel, now=at("09:00")
        )
        (event,) = [one for one in history(session, f"user:{user.id}") if one.kind == "user.moved"]
        assert event.data["fell_away"] == [was]


def test_a_section_that_goes_on_from_the_day_it_began_rewrites_nothing(house: House) -> None:
    personnel = become(house, "chiba", Role.PERSONNEL)
    soumu, zei = (next(iter(house.people[who].section_ids)) for who in ("aoki", "endo"))
    with transaction(house.engine) as session:
        user = account(session, house, "aoki")
        (first,) = (one.from_on for one in staffing.stays_of(session, user.id))
        for wanted in ({soumu}, {soumu, zei}):
            staffing.reassign(session, user, wanted, from_on=first, actor=personnel, now=at("09:00"))
        stays = [(one.section.code, one.from_on, one.until_on) for one in staffing.stays_of(session, user.id)]
        moved = [
            one.data["fell_away"] for one in history(session, f"user:{user.id}") if one.kind == "user.moved"
        ]
    assert sorted(stays) == [("soumu", first, None), ("zei", first, None)]
    assert moved == [[], []]
