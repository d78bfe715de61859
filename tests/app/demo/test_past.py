"""The sample office's past: it keeps the office's own rules, whatever the day the demo begins; on both databases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from app.bookings.models import Booking
from app.bookings.rules import Origin, Status
from app.calendar import public_holidays
from app.database import reading
from app.demo import history, stage, telework
from app.demo.day import Section
from app.demo.past import BOTH, MOST, MOST_OF_FAN, REMOTE, Absences, Fate, Outcome, outcomes, past_script
from app.events import Event
from app.notifications.models import Mark
from app.people.models import User
from app.reports.listing import REPORTS, made
from app.reports.service import Ask, Scope
from app.settings import PREFIX, TOKYO, Settings
from app.telework.caps.service import breakers, rulebook
from app.telework.closing import service as closing
from app.telework.closing.rules import Month
from app.telework.daylog.models import ClosedMonth
from app.telework.daylog.rerun import days_to_write_anew
from app.telework.daylog.service import open_conflicts
from app.telework.models import ClosedDay, HalfDay, TeleworkPlan
from app.telework.rules import DayClass, PlanState
from app.telework.service import Office
from app.timespan import TimeSpan
from app.usage.models import UsageSession
from app.working_days import fiscal_year

SECTIONS = [
    Section(range(n * 15, (n + 1) * 15), [f"{letter}-{seat:02}" for seat in range(10)])
    for n, letter in enumerate("ABC")
]
FOCUS, ROOMS = [f"F-{n}" for n in range(6)], [f"H-{n}" for n in range(8)]
WEEK = [telework.WEEK, telework.WEEK, telework.COUNTERS_WEEK]


def working_days_before(on: date) -> list[date]:
    first = history.first_day(on)
    return [
        day
        for n in range((on - first).days)
        if public_holidays(on.year).is_working(day := first + timedelta(n))
    ]


def test_the_past_begins_two_months_before_the_month_of_the_day() -> None:
    assert history.first_day(date(2026, 11, 24)) == date(2026, 9, 1)
    assert history.first_day(date(2026, 1, 5)) == date(2025, 11, 1)


@settings(max_examples=8, deadline=None)
@given(on=st.dates(date(2024, 1, 4), date(2030, 12, 31)))
def test_nobody_takes_more_than_the_rules_allow_and_every_booking_has_one_end(on: date) -> None:
    days = working_days_before(on)
    taken: Counter[int] = Counter()
    of_week: Counter[tuple[int, date]] = Counter()
    absences, before = Absences(SECTIONS, {8: days[::-8][:6]}, WEEK), None
    for day in days:
        away = absences.of_day(day, before)
        for section, theirs in zip(SECTIONS, away, strict=True):
            assert section.people[0] not in {one.who for one in theirs}, "the chief is there"
            assert len({one.who for one in theirs}) == len(theirs)
            for one in theirs:
                if one.plan in REMOTE:
                    taken[one.who] += len(one.halves)
                    of_week[one.who, day - timedelta(day.weekday())] += len(one.halves)
        _one_day(day, away)
        before = day
    assert max(taken.values()) <= MOST_OF_FAN
    assert sum(count > MOST for count in taken.values()) <= len(SECTIONS) + 1
    for (who, _monday), count in of_week.items():
        assert count <= WEEK[who // 15]


def _one_day(day: date, away: list[list]) -> None:  # type: ignore[type-arg]
    script = past_script(day, TOKYO, SECTIONS, away, focus=FOCUS, rooms=ROOMS)
    absent = {one.who: one for theirs in away for one in theirs}
    found = list(outcomes(script, ROOMS, {}))
    held: dict[str, list[Outcome]] = defaultdict(list)
    for one in found:
        held[one.space].append(one)
        assert one.who not in absent or absent[one.who].halves != BOTH
        assert one.made_at <= one.ended_at
        assert one.fate is not Fate.RELEASED or (one.seen_at, one.by_hand_at) == (None, None)
        assert one.fate is not Fate.ENDED_EARLY or one.ended_at < one.span[1]
    for of_space in held.values():
        in_order = sorted(of_space, key=lambda one: one.span[0])
        assert all(earlier.ended_at <= later.span[0] for earlier, later in pairwise(in_order))
    desks: dict[int, list[Outcome]] = defaultdict(list)
    for one in found:
        if one.space not in ROOMS:
            desks[one.who].append(one)
    assert all(len(theirs) == 1 for theirs in desks.values())


# As it is stored


OPENS = datetime.combine(date(2026, 11, 24), time(8), TOKYO)
TODAY = OPENS.date()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stage.Stage]:
    folder = tmp_path_factory.mktemp("sample")
    found = stage.set_up(Settings.from_env({PREFIX + "DATA_DIR": str(folder)}), OPENS)
    yield found
    found.engine.dispose()


def office(of: stage.Stage) -> Office:
    return Office.of(of.settings)


def test_every_day_before_is_closed_and_none_is_to_be_written_anew(sample: stage.Stage) -> None:
    first = history.first_day(TODAY)
    with reading(sample.engine) as session:
        closed = session.scalars(select(ClosedDay.on_date).order_by(ClosedDay.on_date)).all()
        assert closed == [first + timedelta(n) for n in range((TODAY - first).days)]
        assert days_to_write_anew(session, OPENS, office(sample)) == []
        assert session.scalars(select(ClosedMonth.first_on)).all() == [date(2026, 9, 1)]
        states = closing.list_months(session, TODAY)
        assert [(str(one.month), one.closed is not None, one.is_over) for one in states] == [
            ("2026-11", False, False),
            ("2026-10", False, True),
            ("2026-09", True, True),
        ]


def test_what_is_past_breaks_no_rule_and_only_next_weeks_requests_wait(sample: stage.Stage) -> None:
    with reading(sample.engine) as session:
        waiting = session.scalars(
            select(TeleworkPlan.on_date).where(TeleworkPlan.state == PlanState.REQUESTED).distinct()
        ).all()
        assert min(waiting) > TODAY
        calendar = public_holidays(TODAY.year)
        found = breakers(session, rulebook(session), date(2026, 9, 1), office(sample), calendar)
        assert {one.name for one in found} == {"加藤 真由美"}, "who asks for more than a week allows"
        assert all(breach.first > TODAY for one in found for breach in one.breaches)


def test_the_day_log_knows_every_class_and_most_of_what_happened(sample: stage.Stage) -> None:
    with reading(sample.engine) as session:
        counts = dict(
            session.execute(select(HalfDay.day_class, func.count()).group_by(HalfDay.day_class)).all()
        )
        people = {user.email.partition("@")[0]: user.id for user in session.scalars(select(User))}
        assert counts.keys() == set(DayClass)
        assert counts[DayClass.UNKNOWN] < 0.2 * sum(
            count for day_class, count in counts.items() if day_class is not DayClass.CLOSED
        )
        assert open_conflicts(session, people["suzuki"]) == 1
        assert open_conflicts(session, people["kato"]) == 0
        preview = closing.preview(session, Month.of(date(2026, 10, 1)))
    assert preview.planless == []


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_tells_something(sample: stage.Stage, name: str) -> None:
    first, last = {
        "telework_monthly": (date(2026, 10, 1), date(2026, 10, 31)),
        "telework_yearly": (date(2026, 4, 1), date(2026, 10, 1)),
        "fairness": (date(2026, 4, 1), date(2027, 3, 31)),
        "caps": (TODAY, TODAY),
    }[name]
    with reading(sample.engine) as session:
        table = made(session, REPORTS[name], Ask(first, last, Scope(), office(sample)), [])
    assert len(table.rows) >= 3
    if name == "telework_monthly":
        assert table.rows[0]["half_days"]
    if name == "telework_yearly":
        assert table.rows[0]["users"]


def test_no_space_and_nobody_is_booked_twice_and_use_lies_in_the_past(sample: stage.Stage) -> None:
    with reading(sample.engine) as session:
        bookings = session.scalars(select(Booking).where(Booking.start_at < OPENS)).all()
        uses = session.execute(
            select(UsageSession.space_id, UsageSession.start_at, UsageSession.end_at).order_by(
                UsageSession.space_id, UsageSession.start_at
            )
        ).all()
        told = dict(
            session.execute(
                select(Event.kind, func.count()).where(Event.kind.startswith("booking.")).group_by(Event.kind)
            ).all()
        )
        mark, newest = (
            session.scalars(select(Mark.event_id)).one(),
            session.scalar(select(func.max(Event.id))),
        )
    assert len(bookings) > 2000
    by_space: dict[object, list[TimeSpan]] = defaultdict(list)
    for one in bookings:
        by_space["space", one.space_id].append(TimeSpan(one.start_at, one.over_at))
        by_space["person", one.user_id, one.lane].append(TimeSpan(one.start_at, one.over_at))
    for spans in by_space.values():
        spans.sort(key=lambda span: span.start)
        assert all(one.end <= other.start for one, other in pairwise(spans))
    ends = [end for _space, _start, end in uses if end is not None]
    assert len(ends) == len(uses)
    assert max(ends) < OPENS
    for (space, _start, end), (other, start, _end) in pairwise(uses):
        assert end is not None
        assert space != other or end <= start
    by_origin = Counter(one.origin for one in bookings)
    assert (told["booking.made"], told["booking.claimed"]) == (
        by_origin[Origin.BOOKED],
        by_origin[Origin.CLAIM],
    )
    assert told["booking.released"] == sum(one.status is Status.RELEASED for one in bookings)
    assert told["booking.checked_in"] == sum(
        one.checked_in_at is not None and one.origin is Origin.BOOKED for one in bookings
    )
    assert newest is not None
    assert newest - 100 < mark <= newest, "what is past is no news"


@pytest.mark.parametrize("on", [date(2026, 4, 1), date(2026, 5, 7)])
def test_whatever_the_day_the_demo_begins(tmp_path: Path, on: date) -> None:
    folder = Settings.from_env({PREFIX + "DATA_DIR": str(tmp_path)})
    made_up = stage.set_up(folder, datetime.combine(on, time(8), TOKYO))
    with reading(made_up.engine) as session:
        months = session.scalars(select(ClosedMonth.first_on)).all()
        years = {
            fiscal_year(day)
            for day in session.scalars(
                select(HalfDay.on_date).where(HalfDay.day_class == DayClass.TELEWORK).distinct()
            )
        }
    made_up.engine.dispose()
    assert months == [history.first_day(on)]
    assert fiscal_year(history.first_day(on)) in years


def test_the_same_past_on_both_databases(sample: stage.Stage, postgresql_url: str, tmp_path: Path) -> None:
    elsewhere = replace(Settings.from_env({PREFIX + "DATA_DIR": str(tmp_path)}), database_url=postgresql_url)
    other = stage.set_up(elsewhere, OPENS)

    def log(engine: Engine) -> list[tuple[object, ...]]:
        with reading(engine) as session:
            query = select(HalfDay.user_id, HalfDay.on_date, HalfDay.half, HalfDay.day_class, HalfDay.reason)
            return sorted((tuple(row) for row in session.execute(query)), key=repr)

    assert log(other.engine) == log(sample.engine)
    other.engine.dispose()
