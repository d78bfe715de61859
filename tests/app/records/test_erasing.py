"""What is linked to a person goes when its time is over; the figures are the same before and after (RULES 19)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import events, jobs
from app.bookings import attendees
from app.bookings.models import Attendee, Booking
from app.bookings.rules import Origin, Status
from app.database import reading, transaction
from app.events import Event
from app.occupancy.models import StoredReading
from app.people import signing_in
from app.people.models import User
from app.records import erasing, links
from app.records.models import Kept
from app.records.rules import Limits
from app.settings import Keeping, Settings
from app.spaces import fixed_seats
from app.spaces.models import FixedSeat
from app.spaces.rules import Lane
from app.telework.figures.models import HalfDayFigure
from app.telework.models import HalfDay, TeleworkPlan
from app.telework.rules import DayClass, Half, PlanKind
from app.usage import service as usage
from tests.house import DAY, TOKYO, House, at, copied, span

LATER = at("05:00", day=400)


def limits(now: datetime = LATER) -> Limits:
    return erasing.limits_of(Keeping(), now, now.date(), TOKYO)


def put(
    session: Session, house: House, who: str, where: str, *, day: int, status: Status, hours: int
) -> None:
    """A booking as it would stand in the database, with its events."""
    start = at("09:00", day=day)
    number = (session.scalar(select(func.max(Booking.id))) or 0) + 1
    user_id = house.people[who].id
    session.add(
        Booking(
            id=number,
            space_id=house.spaces[where],
            user_id=user_id,
            made_by=user_id,
            lane=Lane.DESK,
            start_at=start,
            end_at=start + timedelta(hours=hours),
            status=status,
            origin=Origin.BOOKED,
            title="面談",
            made_at=start,
        )
    )
    session.flush()
    events.record(
        session,
        "booking.made",
        f"booking:{number}",
        at=start,
        actor_id=user_id,
        user_id=user_id,
        changes={"title": ["", "面談"], "status": ["", status.value]},
    )


Figures = tuple[object, ...]


def figures(house: House) -> Figures:
    """Everything that is counted: bookings, hours, what the ledger and the log tell, half-days by section."""
    with reading(house.engine) as session:
        columns = (Booking.space_id, Booking.start_at, Booking.end_at, Booking.status, Booking.reason)
        booked = Counter(tuple(row) for row in session.execute(select(*columns)))
        rows = usage.ledger(session, span("00:00", "23:00"), now=LATER)
        ledger = [(row.space.id, row.actual, row.flag, row.booking is None) for row in rows]
        log = Counter((one.kind, one.at) for one in session.scalars(select(Event)))
        days: Counter[tuple[object, ...]] = Counter()
        for half_day in session.scalars(select(HalfDay)):
            days[half_day.on_date, half_day.half, half_day.day_class] += 1
        for one in session.scalars(select(HalfDayFigure)):
            days[one.on_date, one.half, one.day_class] += one.people
        return booked, ledger, log, days


BOOKINGS = st.lists(
    st.tuples(
        st.sampled_from(["aoki", "baba", "endo"]),
        st.sampled_from(["seat", "window", "bare"]),
        st.integers(0, 420),
        st.sampled_from([Status.COMPLETED, Status.CANCELLED, Status.RELEASED, Status.ENDED_EARLY]),
        st.integers(1, 8),
    ),
    max_size=12,
)
HALVES = st.lists(
    st.tuples(
        st.sampled_from(["aoki", "baba", "endo"]),
        st.dates(date(2022, 1, 1), date(2026, 12, 1)),
        st.sampled_from(Half),
        st.sampled_from(DayClass),
    ),
    max_size=12,
    unique_by=lambda one: one[:3],
)


@settings(max_examples=15)
@given(booked=BOOKINGS, halves=HALVES, batch=st.integers(1, 5), killed_after=st.integers(0, 5))
def test_figures_are_equal_before_and_after_and_a_killed_run_is_finished_by_the_next(
    furnished_sqlite: House,
    booked: list[tuple[str, str, int, Status, int]],
    halves: list[tuple[str, date, Half, DayClass]],
    batch: int,
    killed_after: int,
) -> None:
    with copied(furnished_sqlite) as house:
        _fill(house, booked, halves)
        before = figures(house)
        with reading(house.engine) as session:
            due = erasing.due_counts(session, limits())
        with pytest.MonkeyPatch.context() as patch:
            _kill(patch, killed_after)
            try:
                erasing.erase(house.engine, limits(), now=LATER, batch=batch)
            except KeyboardInterrupt:
                assert figures(house) == before
        rest = erasing.erase(house.engine, limits(), now=LATER, batch=batch)
        assert figures(house) == before
        assert all(rest[name] <= due[name] for name in due)
        with reading(house.engine) as session:
            assert not any(erasing.due_counts(session, limits()).values())
            for one in session.scalars(select(Booking)):
                old = one.end_at < limits().presence
                assert (one.user_id is None and one.title == "" and one.made_by is None) == old
            for event in session.scalars(select(Event)):
                old = event.at < limits().presence
                assert (event.actor_id is None and "user_id" not in event.data) == old


def _kill(patch: pytest.MonkeyPatch, after: int) -> None:
    """The process dies in a batch, after so many whole ones, with all of it written and nothing committed."""
    whole = iter(range(after))

    @contextmanager
    def dying(engine: Engine) -> Iterator[Session]:
        with transaction(engine) as session:
            yield session
            if next(whole, None) is None:
                session.flush()
                raise KeyboardInterrupt

    patch.setattr(erasing, "transaction", dying)


def _fill(
    house: House,
    booked: list[tuple[str, str, int, Status, int]],
    halves: list[tuple[str, date, Half, DayClass]],
) -> None:
    with transaction(house.engine) as session:
        for who, where, day, status, hours in booked:
            put(session, house, who, where, day=day, status=status, hours=hours)
        for who, on, half, kind in halves:
            session.add(
                HalfDay(
                    user_id=house.people[who].id,
                    on_date=on,
                    half=half,
                    day_class=kind,
                    reason="no_evidence",
                    classified_at=at("09:00"),
                )
            )


def test_bookings_readings_and_plans_lose_their_people_each_in_its_own_time(house: House) -> None:
    booth = house.book("aoki", "booth", "10:00", "11:00")
    with transaction(house.engine) as session:
        attendees.set_attendees(
            session, session.get_one(Booking, booth.id), [], actor=house.people["aoki"], now=at("08:00")
        )
        session.execute(insert(Attendee), [{"booking_id": booth.id, "user_id": house.people["baba"].id}])
        session.add(
            TeleworkPlan(
                user_id=house.people["aoki"].id,
                on_date=date(2024, 3, 31),
                half=Half.AM,
                kind=PlanKind.HOME,
                requested_at=at("08:00"),
            )
        )
        session.add(
            TeleworkPlan(
                user_id=house.people["aoki"].id,
                on_date=date(2024, 4, 1),
                half=Half.AM,
                kind=PlanKind.HOME,
                requested_at=at("08:00"),
            )
        )
    house.hear("seat", ("09:01", True))
    house.sweep("12:00")
    soon = at("12:00", day=179)
    erasing.erase(house.engine, limits(soon), now=soon)
    with reading(house.engine) as session:
        assert session.get_one(Booking, booth.id).user_id == house.people["aoki"].id
        assert session.scalar(select(func.count()).select_from(StoredReading)) == 0
        assert session.scalars(select(TeleworkPlan.on_date)).all() == [date(2024, 4, 1)]
    then = at("12:00", day=181)
    counts = erasing.erase(house.engine, limits(then), now=then)
    assert counts["bookings"] == 1
    with reading(house.engine) as session:
        kept = session.get_one(Booking, booth.id)
        assert (kept.user_id, kept.made_by, kept.title, kept.erased_at) == (None, None, "", then)
        assert (kept.start_at, kept.end_at, kept.status) == (booth.start_at, booth.end_at, Status.COMPLETED)
        assert session.scalars(select(Attendee)).all() == []
        for event in events.history(session, f"booking:{booth.id}"):
            assert event.actor_id is None
            assert "user_id" not in event.data


def test_nobody_is_found_by_when_they_signed_in_once_that_is_erased(house: House) -> None:
    with transaction(house.engine) as session:
        aoki = session.get_one(User, house.people["aoki"].id)
        signing_in.note_done(session, aoki, "192.0.2.1", at("08:00"), by="password", secret_key="k")
        signing_in.note_failed(session, aoki.email, "192.0.2.1", at("08:00"), secret_key="k")
    erasing.erase(house.engine, limits(), now=LATER)
    with reading(house.engine) as session:
        kept = session.scalars(select(Event).where(Event.kind.startswith("sign_in."))).all()
        assert [(one.subject, one.actor_id, one.data) for one in kept] == [("sign_in", None, {})] * 2


def test_what_still_holds_a_space_is_never_erased(house: House) -> None:
    house.book("aoki", "seat", "10:00", "11:00")
    assert erasing.erase(house.engine, limits(), now=LATER)["bookings"] == 0


def test_whom_a_seat_was_kept_for_goes_once_it_is_over_and_stays_while_it_holds(house: House) -> None:
    fujii = house.people["fujii"].id
    with transaction(house.engine) as session:
        over, holding = (
            fixed_seats.keep_for(
                session,
                house.spaces[where],
                house.people[who].id,
                first=DAY,
                last=None,
                actor_id=fujii,
                now=at("09:00"),
            ).id
            for where, who in (("bare", "baba"), ("window", "aoki"))
        )
        fixed_seats.free_again(session, over, last=DAY, actor_id=fujii, now=at("09:00"))
    for day, left in ((179, [over, holding]), (182, [holding])):
        now = at("12:00", day=day)
        erasing.erase(house.engine, limits(now), now=now)
        with reading(house.engine) as session:
            assert session.scalars(select(FixedSeat.id).order_by(FixedSeat.id)).all() == left


def test_every_column_that_leads_to_a_person_is_erased_or_lasts_for_a_reason() -> None:
    # A new table that refers to people: say in app/records/links.py what becomes of it.
    declared = links.erased_columns() | links.LASTING.keys()
    assert links.columns_to_people() <= declared
    assert links.columns_to_people() & links.erased_columns() & links.LASTING.keys() == set()


@pytest.mark.parametrize("statement", ["UPDATE events SET actor_id = NULL", "DELETE FROM events"])
def test_the_database_refuses_to_change_what_happened_but_to_the_eraser(house: House, statement: str) -> None:
    house.book("aoki", "seat", "10:00", "11:00")
    with pytest.raises(IntegrityError, match="append"), transaction(house.engine) as session:
        session.execute(text(statement))
    with transaction(house.engine) as session:
        with events.erasing(session):
            session.execute(text(statement))
        events.record(session, "booking.made", "booking:99", at=at("09:00"))
        with pytest.raises(IntegrityError, match="append"):
            session.execute(text("UPDATE events SET kind = 'x'"))
        session.rollback()


def test_nobody_else_passes_the_guard_while_the_eraser_is_at_work(postgresql_house: House) -> None:
    postgresql_house.book("aoki", "seat", "10:00", "11:00")
    with (
        transaction(postgresql_house.engine) as session,
        events.erasing(session),
        pytest.raises(IntegrityError),
        transaction(postgresql_house.engine) as other,
    ):
        other.execute(text("DELETE FROM events"))


def test_a_guard_of_the_log_that_is_gone_is_missed(house: House) -> None:
    dialect = house.engine.dialect.name
    on = " ON events" if dialect == "postgresql" else ""
    for name in sorted(events.GUARDS[dialect]):
        with transaction(house.engine) as session:
            assert events.missing_guards(session) == []
            session.execute(text(f"DROP TRIGGER {name}{on}"))
            assert events.missing_guards(session) == [name]
            session.rollback()


def test_the_jobs_erase_once_an_office_day_and_not_before_the_day_has_closed(house: House) -> None:
    house.book("aoki", "seat", "10:00", "11:00")
    house.sweep("12:00")
    of = Settings(database_url="x", secret_key="k" * 16)
    assert jobs.keep_due(house.engine, at("03:59", day=200), of) is None
    counts = jobs.keep_due(house.engine, at("04:00", day=200), of)
    assert counts is not None
    assert counts["bookings"] == 1
    assert jobs.keep_due(house.engine, at("05:00", day=200), of) is None
    assert jobs.keep_due(house.engine, at("04:00", day=201), of) is not None
    with reading(house.engine) as session:
        assert session.scalars(select(Kept.on_date).order_by(Kept.on_date)).all() == [
            DAY + timedelta(days=200),
            DAY + timedelta(days=201),
        ]
