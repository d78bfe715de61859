"""The day log: what a half-day rests on, when it is written anew, what people say of it; the numbers are of RULES."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from app.bookings.models import Booking
from app.calendar import CalendarDay
from app.database import reading, transaction
from app.errors import Conflict, DomainError, Forbidden, NotFound, RuleBroken
from app.events import Event
from app.jobs import close_due_days, write_days_anew
from app.letters import sentence
from app.people.models import Role
from app.telework import guards
from app.telework.approval.service import approve_plan
from app.telework.daylog.correcting import correct
from app.telework.daylog.models import HalfDayCorrection
from app.telework.daylog.rules import Form
from app.telework.daylog.service import Logged, Viewer, list_log, open_conflicts
from app.telework.models import HalfDay
from app.telework.rules import Confidence, DayClass, Half, PlanKind
from tests.app.telework.days import become, close, half_day, planned, sat, say
from tests.house import DAY, OFFICE, House, at
from tests.statements import counted

WAIT = timedelta(days=3)


def seen_by(house: House, viewer: str, who: str, half: Half, *, days: int = 1) -> Logged:
    """A half-day as somebody sees it so many days after it."""
    with reading(house.engine) as session:
        found = list_log(
            session,
            Viewer(house.people[viewer].id, DAY + timedelta(days=days), WAIT),
            first=DAY,
            last=DAY,
            user_id=house.people[who].id,
        )
        session.expunge_all()
    return next(one for one in found if one.row.half is half)


# Evidence


def test_a_half_day_keeps_what_it_rests_on(house: House) -> None:
    planned(house, "aoki", Half.AM, reported=True)
    sat(house, "aoki", "13:30", "15:00")
    close(house)
    morning, afternoon = (half_day(house, "aoki", half) for half in Half)
    assert morning.evidence == {
        "plan": {
            "kind": "home",
            "approved_by": house.people["chiba"].id,
            "approved_at": at("07:30").isoformat(),
            "reported_at": at("17:20").isoformat(),
        },
        "minutes_by_hand": 0,
        "minutes_inferred": 0,
        "holiday": "",
    }
    assert (morning.check_ins, morning.form) == (None, Form.HOME)
    assert afternoon.check_ins == {
        "by_hand": [[at("13:30").isoformat(), at("15:00").isoformat()]],
        "inferred": [],
    }
    assert afternoon.evidence == {"minutes_by_hand": 90, "minutes_inferred": 0, "holiday": ""}


def test_a_holiday_is_named(house: House) -> None:
    on = DAY - timedelta(days=1)
    close(house, on)
    assert half_day(house, "aoki", Half.AM, on).evidence["holiday"] == "勤労感謝の日"


# Written anew (RULES 18)


def test_rule_18_a_late_approval_and_a_late_change_of_a_booking_are_written_at_the_jobs_next_turn(
    house: House,
) -> None:
    plan = planned(house, "aoki", Half.AM, approved=False)
    booking = sat(house, "baba", "09:00", "12:00")
    close(house, now="04:00")
    assert half_day(house, "baba", Half.AM).day_class is DayClass.OFFICE
    assert write_days_anew(house.engine, at("04:05", day=1), OFFICE) == 0
    with transaction(house.engine) as session:
        approve_plan(session, plan, actor=house.people["chiba"], now=at("10:00", day=1))
    assert write_days_anew(house.engine, at("10:01", day=1), OFFICE) == 1
    assert half_day(house, "aoki", Half.AM).reason == "home_unreported"
    with transaction(house.engine) as session:
        session.execute(update(Booking).where(Booking.id == booking.id).values(ended_at=at("09:30")))
        session.add(
            Event(at=at("11:00", day=1), kind="booking.changed", subject=f"booking:{booking.id}", data={})
        )
    assert write_days_anew(house.engine, at("11:01", day=1), OFFICE) == 1
    assert half_day(house, "baba", Half.AM).day_class is DayClass.UNKNOWN
    assert write_days_anew(house.engine, at("11:02", day=1), OFFICE) == 0


def test_rule_18_every_open_day_is_written_anew_once_after_a_day_has_closed(house: House) -> None:
    close_due_days(house.engine, at("04:00", day=1), OFFICE)
    written_at = half_day(house, "aoki", Half.AM).classified_at
    with transaction(house.engine) as session:
        session.add(CalendarDay(on_date=DAY, works=False, name="停電"))
    assert write_days_anew(house.engine, at("12:00", day=1), OFFICE) == 0
    close_due_days(house.engine, at("04:00", day=2), OFFICE)
    assert write_days_anew(house.engine, at("04:01", day=2), OFFICE) == 1
    now = half_day(house, "aoki", Half.AM)
    assert (now.day_class, now.classified_at > written_at) == (DayClass.CLOSED, True)
    assert write_days_anew(house.engine, at("04:02", day=2), OFFICE) == 0


def test_what_did_not_change_keeps_the_time_at_which_it_was_found(house: House) -> None:
    close(house, now="04:00")
    close(house, now="05:00")
    assert half_day(house, "aoki", Half.AM).classified_at == at("04:00", day=1)


# The conflict, shown to the person first


def conflict(house: House) -> HalfDay:
    planned(house, "aoki", Half.AM, reported=True)
    sat(house, "aoki", "09:00", "12:00")
    close(house)
    return half_day(house, "aoki", Half.AM)


def test_rule_17_a_conflict_is_shown_to_the_person_first_and_to_others_after_days(house: House) -> None:
    conflict(house)
    mine, chiefs = (seen_by(house, who, "aoki", Half.AM) for who in ("aoki", "chiba"))
    assert (mine.conflict, mine.reason, mine.confidence) == (True, "home_and_check_in", Confidence.PRESUMED)
    assert (chiefs.conflict, chiefs.reason, chiefs.hidden) == (False, "home_reported", True)
    assert chiefs.confidence is Confidence.CERTAIN
    late = seen_by(house, "chiba", "aoki", Half.AM, days=4)
    assert (late.conflict, late.reason) == (True, "home_and_check_in")


def test_rule_17_once_the_person_has_answered_it_is_shown_with_the_answer(house: House) -> None:
    row = conflict(house)
    with reading(house.engine) as session:
        assert open_conflicts(session, house.people["aoki"].id) == 1
    say(house, "aoki", row, DayClass.OFFICE)
    with reading(house.engine) as session:
        assert open_conflicts(session, house.people["aoki"].id) == 0
    shown = seen_by(house, "chiba", "aoki", Half.AM)
    assert (shown.conflict, shown.reason, shown.day_class) == (False, "home_and_check_in", DayClass.OFFICE)
    assert (shown.found, shown.awaits_confirmation) == (DayClass.TELEWORK, True)


def test_rule_17_home_until_half_past_ten_and_then_the_office_as_planned_is_no_conflict(house: House) -> None:
    planned(house, "aoki", Half.AM, part=(time(8, 30), time(10, 30)))
    planned(house, "baba", Half.AM, part=(time(8, 30), time(10, 30)))
    sat(house, "baba", "09:00", "10:30")
    sat(house, "aoki", "10:45", "12:00")
    close(house)
    found = [half_day(house, who, Half.AM) for who in ("aoki", "baba")]
    assert [(one.day_class, one.reason, one.conflict, one.telework_minutes) for one in found] == [
        (DayClass.TELEWORK, "home_unreported", False, 120),
        (DayClass.TELEWORK, "home_and_check_in", True, 120),
    ]


def test_a_new_conflict_is_told_once_to_its_person(house: House) -> None:
    conflict(house)
    close(house, now="06:00")
    with reading(house.engine) as session:
        told = session.scalars(select(Event).where(Event.kind == "telework.conflict")).all()
    assert [(one.subject, one.data["halves"]) for one in told] == [
        (f"user:{house.people['aoki'].id}", ["am"])
    ]


# Corrections


def test_corrections_stand_beside_what_was_found_with_who_when_from_to_and_why(house: House) -> None:
    close(house)
    row = half_day(house, "aoki", Half.AM)
    say(house, "aoki", row, DayClass.TRIP, "県庁")
    say(house, "chiba", row, DayClass.OFFICE, "出張は翌日")
    with reading(house.engine) as session:
        said = session.scalars(select(HalfDayCorrection).order_by(HalfDayCorrection.id)).all()
    assert [(one.from_class, one.to_class, one.voice, one.why) for one in said] == [
        ("unknown", "trip", "own", "県庁"),
        ("trip", "office", "chief", "出張は翌日"),
    ]
    assert {one.made_at for one in said} == {at("09:00", day=1)}
    shown = seen_by(house, "aoki", "aoki", Half.AM)
    assert (shown.found, shown.day_class, shown.confidence) == (
        DayClass.UNKNOWN,
        DayClass.OFFICE,
        Confidence.CERTAIN,
    )


def test_a_correction_outlives_what_is_found_later(house: House) -> None:
    close(house)
    row = half_day(house, "aoki", Half.AM)
    say(house, "aoki", row, DayClass.LEAVE)
    planned(house, "aoki", Half.AM)
    close(house, now="05:00")
    shown = seen_by(house, "aoki", "aoki", Half.AM)
    assert (shown.found, shown.day_class) == (DayClass.TELEWORK, DayClass.LEAVE)


@pytest.mark.parametrize(
    ("who", "to", "why", "refusal"),
    [
        ("aoki", DayClass.OFFICE, "", None),
        ("chiba", DayClass.OFFICE, "会った", None),
        ("chiba", DayClass.OFFICE, "", "telework.why"),
        ("chiba", DayClass.UNKNOWN, "", None),
        ("baba", DayClass.OFFICE, "見た", "telework.not_allowed"),
        ("aoki", DayClass.CLOSED, "", "request.invalid"),
        ("aoki", DayClass.OFFICE_PRESUMED, "", "request.invalid"),
        ("chiba", DayClass.CLOSED, "退職", "request.invalid"),
        ("fujii", DayClass.CLOSED, "退職", None),
        ("fujii", DayClass.CLOSED, "", "telework.why"),
    ],
)
def test_who_may_say_what(house: House, who: str, to: DayClass, why: str, refusal: str | None) -> None:
    become(house, "fujii", Role.PERSONNEL)
    close(house)
    row = half_day(house, "aoki", Half.AM)
    if refusal is None:
        say(house, who, row, to, why)
        return
    with pytest.raises(DomainError) as caught:
        say(house, who, row, to, why)
    assert caught.value.code == refusal


def test_a_chief_speaks_for_the_own_section_of_that_day_alone(house: House) -> None:
    close(house)
    with pytest.raises(Forbidden):
        say(house, "chiba", half_day(house, "endo", Half.AM), DayClass.OFFICE, "x")
    with pytest.raises(NotFound), transaction(house.engine) as session:
        correct(session, 10_000, DayClass.OFFICE, why="", actor=house.people["aoki"], now=at("09:00"))


def test_after_the_chief_the_person_asks_and_personnel_have_the_last_word(house: House) -> None:
    become(house, "fujii", Role.PERSONNEL)
    close(house)
    row = half_day(house, "aoki", Half.AM)
    say(house, "chiba", row, DayClass.OFFICE, "x")
    with pytest.raises(Conflict, match="settled"):
        say(house, "aoki", row, DayClass.TELEWORK)
    say(house, "fujii", row, DayClass.TELEWORK, "申請あり")
    with pytest.raises(Conflict, match="settled"):
        say(house, "chiba", row, DayClass.OFFICE, "x")


def test_a_chief_confirms_a_presumed_half_day_in_one_step(house: House) -> None:
    house.book("aoki", "window", "09:00", "12:00")
    house.hear_beats("window", "09:00", "11:50", occupied=True)
    house.sweep("12:30")
    close(house)
    row = half_day(house, "aoki", Half.AM)
    assert row.day_class is DayClass.OFFICE_PRESUMED
    say(house, "chiba", row, DayClass.OFFICE)
    assert seen_by(house, "chiba", "aoki", Half.AM).confidence is Confidence.CERTAIN


def test_a_correction_of_personnel_without_a_reason_is_refused(house: House) -> None:
    become(house, "fujii", Role.PERSONNEL)
    close(house)
    with pytest.raises(RuleBroken):
        say(house, "fujii", half_day(house, "aoki", Half.AM), DayClass.LEAVE)


@pytest.mark.parametrize(
    "statement", ["UPDATE half_day_corrections SET why = 'x'", "DELETE FROM half_day_corrections"]
)
def test_the_database_takes_no_correction_back(house: House, statement: str) -> None:
    close(house)
    say(house, "aoki", half_day(house, "aoki", Half.AM), DayClass.OFFICE)
    with pytest.raises(IntegrityError), transaction(house.engine) as session:
        session.execute(text(statement))


def test_the_log_is_read_in_so_many_queries_however_long_it_is(house: House) -> None:
    for n in range(3):
        close(house, DAY - timedelta(days=n))
    say(house, "aoki", half_day(house, "aoki", Half.AM), DayClass.OFFICE)
    with counted(house.engine) as statements, reading(house.engine) as session:
        found = list_log(
            session, Viewer(house.people["chiba"].id, DAY, WAIT), first=DAY - WAIT, last=DAY, section_id=1
        )
    assert len(found) == 3 * 3 * 2
    assert len([one for one in statements if one.startswith("SELECT")]) == 3


def test_a_guard_of_the_day_log_that_is_gone_is_missed(house: House) -> None:
    dialect = house.engine.dialect.name
    tables = {
        "tr_half_days": "half_days",
        "tr_half_day_": "half_day_corrections",
        "tr_closed_": "closed_months",
    }
    for name in sorted(guards.GUARDS[dialect]):
        table = next(table for start, table in tables.items() if name.startswith(start))
        with transaction(house.engine) as session:
            assert guards.missing(session) == []
            session.execute(
                text(f"DROP TRIGGER {name}" + (f" ON {table}" if dialect == "postgresql" else ""))
            )
            assert guards.missing(session) == [name]
            session.rollback()


def test_the_form_is_that_of_the_plan_even_where_nobody_approved_it(house: House) -> None:
    planned(house, "aoki", Half.AM, PlanKind.SATELLITE, approved=False)
    close(house)
    say(house, "aoki", half_day(house, "aoki", Half.AM), DayClass.TELEWORK)
    assert seen_by(house, "aoki", "aoki", Half.AM).form is Form.SATELLITE


def test_what_is_told_of_ones_days_reads_as_a_sentence(app: Flask, house: House) -> None:
    data = {"on": "2026-11-24", "halves": ["am"], "to": "leave", "actor": "千葉"}
    with app.test_request_context(headers={"Accept-Language": "ja"}):
        assert sentence("telework.corrected", data) == "11月24日(火) 午前: 千葉さんが「休暇」としました。"
        assert sentence("telework.conflict", data).startswith("11月24日(火) 午前: テレワークが承認されて")
