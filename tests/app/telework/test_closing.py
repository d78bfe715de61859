"""A month is closed, frozen, corrected, reopened and exported (RULES 18)."""

from __future__ import annotations

from datetime import date
from threading import Thread

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from app import events, pipeline
from app.calendar import working_days
from app.database import reading, transaction
from app.errors import Conflict, RuleBroken
from app.events import Event
from app.jobs import write_days_anew
from app.people.models import Membership, Role, User
from app.records import erasing
from app.settings import Keeping
from app.telework.approval.service import approve_plan
from app.telework.closing import export, service
from app.telework.closing.rules import DEFAULT, Month
from app.telework.daylog.models import ClosedMonth, HalfDayCorrection
from app.telework.figures.models import HalfDayFigure
from app.telework.models import HalfDay
from app.telework.rules import DayClass, Half, PlanKind
from tests.app.telework.days import become, close_days, half_day, planned, sat, say
from tests.house import DAY, OFFICE, TOKYO, House, at
from tests.statements import counted

NOVEMBER = Month.of(DAY)
FIRST, LAST = date(2026, 11, 24), date(2026, 11, 30)
CLOSED_ON = 7  # days after DAY: 1 December


@pytest.fixture
def month(house: House) -> House:
    """The last week of November is over; the log begins with it. Fujii is of personnel."""
    become(house, "fujii", Role.PERSONNEL)
    planned(house, "aoki", Half.AM, reported=True)
    planned(house, "aoki", Half.PM, PlanKind.LEAVE)
    sat(house, "baba", "09:00", "12:00")
    close_days(house, FIRST, LAST)
    return house


def freeze(house: House, month: Month = NOVEMBER) -> None:
    with transaction(house.engine) as session:
        service.close_month(
            session, month, actor=house.people["fujii"], now=at("09:00", day=CLOSED_ON), office=OFFICE
        )


def test_a_closed_month_is_frozen_and_takes_corrections_by_personnel_only(month: House) -> None:
    freeze(month)
    row = half_day(month, "aoki", Half.AM)
    with pytest.raises(Conflict, match="month_closed"), transaction(month.engine) as session:
        pipeline.close_day(session, DAY, at("12:00", day=8), OFFICE, working_days(session, 2026))
    for who in ("aoki", "chiba"):
        with pytest.raises(Conflict, match="month_closed"):
            say(month, who, row, DayClass.OFFICE, "x")
    say(month, "fujii", row, DayClass.OFFICE, "本人の申出", day=8)
    with reading(month.engine) as session:
        assert session.get_one(HalfDay, row.id).day_class is DayClass.TELEWORK
        assert session.scalars(select(HalfDayCorrection.to_class)).all() == [DayClass.OFFICE]


def test_nobody_corrects_the_own_days_of_a_closed_month(month: House) -> None:
    freeze(month)
    with pytest.raises(Conflict, match="month_closed"):
        say(month, "fujii", half_day(month, "fujii", Half.AM), DayClass.OFFICE, "x")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE half_days SET day_class = 'office'",
        "UPDATE half_days SET on_date = '2026-12-05' WHERE id = 1",
        "DELETE FROM half_days",
        """INSERT INTO half_days (user_id, on_date, half, day_class, reason, conflict, classified_at)
        VALUES (1, '2026-11-02', 'am', 'office', 'x', false, '2026-12-01 00:00:00+00')""",
    ],
)
def test_the_database_changes_no_half_day_of_a_closed_month_but_for_the_eraser(
    month: House, statement: str
) -> None:
    freeze(month)
    with pytest.raises(IntegrityError, match=r"closed|frozen"), transaction(month.engine) as session:
        session.execute(text(statement))
    with transaction(month.engine) as session:
        with events.erasing(session):
            session.execute(text(statement))
        session.rollback()


def test_a_half_day_does_not_move_into_a_closed_month(month: House) -> None:
    close_days(month, date(2026, 12, 1), date(2026, 12, 1))
    freeze(month)
    moved = text("UPDATE half_days SET on_date = '2026-11-05' WHERE on_date = '2026-12-01'")
    with pytest.raises(IntegrityError), transaction(month.engine) as session:
        session.execute(moved)


def test_what_is_written_beside_a_closing_is_committed_before_it_or_refused(postgresql_house: House) -> None:
    """The writer past every service holds the month; whoever closes it waits, and then freezes what was written."""
    house = postgresql_house
    become(house, "fujii", Role.PERSONNEL)
    close_days(house, FIRST, LAST)
    with transaction(house.engine) as session:
        session.execute(update(HalfDay).values(reason="x"))
        closing = Thread(target=freeze, args=(house,))
        closing.start()
        closing.join(0.5)
        assert closing.is_alive()
    closing.join(10)
    with pytest.raises(IntegrityError), transaction(house.engine) as session:
        session.execute(update(HalfDay).values(reason="y"))


def test_a_month_is_closed_once_and_when_its_days_are(month: House) -> None:
    with pytest.raises(Conflict, match="month_not_over"):
        freeze(month, NOVEMBER.next)
    with pytest.raises(Conflict, match="month_not_over"):
        freeze(month, NOVEMBER.before)
    freeze(month)
    with pytest.raises(Conflict, match="month_closed"):
        freeze(month)


def test_what_was_recorded_until_the_closing_is_frozen_and_what_comes_later_changes_nothing(
    month: House,
) -> None:
    early, late = (planned(month, who, Half.PM, approved=False) for who in ("chiba", "endo"))
    become(month, "baba", Role.CHIEF)
    with transaction(month.engine) as session:
        approve_plan(session, early, actor=month.people["baba"], now=at("08:59", day=CLOSED_ON))
    freeze(month)
    assert half_day(month, "chiba", Half.PM).day_class is DayClass.TELEWORK
    with transaction(month.engine) as session:
        event = Event(
            at=at("10:00", day=7), kind="telework.approved", subject="user:4", data={"plan_id": late}
        )
        session.add(event)
    assert write_days_anew(month.engine, at("10:01", day=CLOSED_ON), OFFICE) == 0


def test_a_month_is_reopened_with_a_reason_and_its_history_tells_all(month: House) -> None:
    freeze(month)
    with transaction(month.engine) as session:
        with pytest.raises(RuleBroken):
            service.reopen_month(
                session, NOVEMBER, why="", actor=month.people["fujii"], now=at("09:00", day=8)
            )
        service.reopen_month(
            session, NOVEMBER, why="計上漏れ", actor=month.people["fujii"], now=at("09:00", day=8)
        )
        with pytest.raises(Conflict, match="month_open"):
            service.reopen_month(
                session, NOVEMBER, why="x", actor=month.people["fujii"], now=at("09:00", day=8)
            )
    say(month, "aoki", half_day(month, "aoki", Half.AM), DayClass.OFFICE, day=8)
    with reading(month.engine) as session:
        told = service.history_of(session, NOVEMBER)
    assert [(kind, who, why) for _at, kind, who, why in told] == [
        ("telework.month_closed", "fujii", ""),
        ("telework.month_reopened", "fujii", "計上漏れ"),
    ]


def test_the_preview_tells_what_is_not_known_what_awaits_an_answer_and_who_has_no_plan(month: House) -> None:
    planned(month, "chiba", Half.AM)
    say(month, "baba", half_day(month, "baba", Half.PM), DayClass.TRIP, day=1)
    with reading(month.engine) as session, counted(month.engine) as statements:
        found = service.preview(session, NOVEMBER)
    assert (found.days, found.state.is_over, found.state.closed) == (7, True, None)
    # Five working days of five people, two half-days each.
    assert found.counts.working == 5 * 5 * 2
    assert found.counts.by_class[DayClass.TELEWORK] == 1
    assert found.counts.by_class[DayClass.TRIP] == 1
    assert found.counts.by_class[DayClass.CLOSED] == 2 * 5 * 2
    assert (found.conflicts, found.unconfirmed) == (0, 1)
    assert dict(found.unknown) == {"aoki": 8, "baba": 8, "chiba": 10, "endo": 10, "fujii": 10}
    assert found.planless == ["endo", "fujii"]
    assert len(statements) <= 13


def test_the_months_are_listed_from_the_first_of_the_log(month: House) -> None:
    freeze(month)
    with reading(month.engine) as session:
        listed = service.list_months(session, date(2026, 12, 1))
    assert [(str(one.month), one.closed is not None, one.closed_by, one.is_over) for one in listed] == [
        ("2026-12", False, "", False),
        ("2026-11", True, "fujii", True),
    ]


# The file for the attendance system


def test_a_closed_month_is_exported_as_the_mapping_says_with_its_corrections(month: House) -> None:
    freeze(month)
    say(month, "fujii", half_day(month, "aoki", Half.PM), DayClass.OFFICE, "休暇取消", day=8)
    with reading(month.engine) as session:
        content = export.export(session, NOVEMBER, OFFICE).content.decode("utf-8-sig").split("\r\n")
    assert content[0] == "メールアドレス,氏名,所属コード,日付,午前,午後"
    assert content[1] == "aoki@example.jp,aoki,soumu,2026/11/24,在宅,出勤"
    assert content[8] == "baba@example.jp,baba,soumu,2026/11/24,出勤,不明"
    assert len(content) == 1 + 5 * 7 + 1


def test_an_open_month_is_not_exported_but_shown(month: House) -> None:
    with reading(month.engine) as session:
        with pytest.raises(Conflict, match="month_open"):
            export.export(session, NOVEMBER, OFFICE)
        shown = export.sample(session, NOVEMBER, OFFICE, DEFAULT)
    assert (len(shown.lines), shown.of, shown.lost) == (5, 35, ())


def test_a_formula_in_a_name_is_harmless_and_cp932_tells_what_it_cannot_carry(month: House) -> None:
    with transaction(month.engine) as session:
        session.execute(update(User).where(User.name == "aoki").values(name="=1+1", kana="a"))
        session.execute(update(User).where(User.name == "baba").values(name="𠮷田", kana="b"))
        given = {**DEFAULT.as_stored(), "encoding": "cp932", "line": "month"}
        given["columns"] = [
            {"holds": "name", "header": "-氏名"},
            {"holds": "telework_days", "header": "日数"},
        ]
        export.set_layout(session, given, actor=month.people["fujii"], now=at("09:00", day=1))
    freeze(month)
    with reading(month.engine) as session:
        written = export.export(session, NOVEMBER, OFFICE)
    lines = written.content.decode("cp932").split("\r\n")
    assert lines[:3] == ["'-氏名,日数", "'=1+1,0.5", "〓田,0"]
    assert written.lost == ((3, "-氏名", "𠮷"),)


def test_a_mapping_that_is_none_is_refused_and_the_old_one_stays(month: House) -> None:
    with transaction(month.engine) as session, pytest.raises(RuleBroken, match="mapping"):
        export.set_layout(session, {"line": "week"}, actor=month.people["fujii"], now=at("09:00"))
    with reading(month.engine) as session:
        assert export.layout_of(session) == DEFAULT


def test_the_file_names_the_section_of_the_day(month: House) -> None:
    with transaction(month.engine) as session:
        mine = session.scalars(select(Membership).where(Membership.user_id == month.people["aoki"].id)).one()
        mine.until_on = date(2026, 11, 25)
        zei = next(iter(month.people["endo"].section_ids))
        session.add(Membership(user_id=mine.user_id, section_id=zei, from_on=date(2026, 11, 26)))
    freeze(month)
    with reading(month.engine) as session:
        lines = export.export(session, NOVEMBER, OFFICE).content.decode("utf-8-sig").split("\r\n")
    assert [line.split(",")[2] for line in lines[1:8]] == ["soumu"] * 2 + ["zei"] * 5


# Keeping (RULES 19)


def test_the_times_of_check_ins_go_with_presence_also_in_closed_months_and_results_stay(month: House) -> None:
    freeze(month)
    row = half_day(month, "baba", Half.AM)
    assert row.check_ins
    then = at("12:00", day=182)
    counts = erasing.erase(month.engine, erasing.limits_of(Keeping(), then, then.date(), TOKYO), now=then)
    assert counts["half_day_times"] == 1
    left = half_day(month, "baba", Half.AM)
    assert (left.check_ins, left.evidence["minutes_by_hand"]) == (None, 180)
    assert left.day_class is DayClass.OFFICE


def test_half_days_of_closed_months_are_counted_as_corrected_and_erased_after_three_fiscal_years(
    month: House,
) -> None:
    say(month, "aoki", half_day(month, "aoki", Half.AM), DayClass.OFFICE)
    freeze(month)
    then = at("12:00", day=365 * 4)
    erasing.erase(month.engine, erasing.limits_of(Keeping(), then, then.date(), TOKYO), now=then)
    with reading(month.engine) as session:
        assert session.scalars(select(HalfDay)).all() == []
        assert session.scalars(select(HalfDayCorrection)).all() == []
        assert session.scalars(select(ClosedMonth.closed_by)).all() == [None]
        office = select(HalfDayFigure.people).where(
            HalfDayFigure.on_date == DAY,
            HalfDayFigure.half == Half.AM,
            HalfDayFigure.day_class == DayClass.OFFICE,
        )
        assert session.scalars(office).all() == [2], "aoki, as corrected, and baba"
