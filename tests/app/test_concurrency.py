"""Many at once, each with a connection of their own: exactly one wins, nobody deadlocks, the rows fit together.

A deadlock, a lock waited for too long or any other error of the database is raised by the thread it happens in, and
fails the test; the losers get the refusal that the contract names, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings import presence, release, reserve
from app.bookings.models import Booking
from app.bookings.rules import LIVE, Status
from app.database import reading, transaction
from app.errors import Conflict, RuleBroken
from app.occupancy.models import SensorState
from app.occupancy.rules import Occupancy
from app.occupancy.service import observe, settle
from app.spaces import barriers, fixed_seats
from app.spaces.models import Site
from app.spaces.rules import Kind
from app.spaces.service import policies, set_policy
from tests.house import DAY, OFFICE, House, at, span

CROWD = ("aoki", "baba", "chiba", "endo", "fujii")
Act = Callable[[Session], object]


def at_once(house: House, acts: Sequence[Act]) -> list[str]:
    """Do all in transactions of their own that begin together; `won`, or the code and clash of the refusal, of each."""
    gate = Barrier(len(acts))

    def one(act: Act) -> str:
        gate.wait(10)
        try:
            with transaction(house.engine) as session:
                act(session)
        except (Conflict, RuleBroken) as refused:
            return f"{refused.code} {refused.facts.get('clash') or refused.facts.get('rule', '')}".strip()
        return "won"

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts, timeout=60))


def booking_of(house: House, who: str, where: str, start: str, end: str) -> Act:
    return lambda session: reserve.reserve(
        session,
        actor=house.people[who],
        space_id=house.spaces[where],
        span=span(start, end),
        now=at("08:00"),
    )


def acting_on(house: House, do: Callable[..., object], booking: Booking, who: str, now: str) -> Act:
    return lambda session: do(
        session, session.get_one(Booking, booking.id), actor=house.people[who], now=at(now)
    )


def sweeping(now: str) -> Act:
    return lambda session: pipeline.sweep(session, at(now), OFFICE)


def live(house: House) -> int:
    with reading(house.engine) as session:
        return session.scalars(
            select(func.count()).select_from(Booking).where(Booking.status.in_(LIVE))
        ).one()


@pytest.fixture
def rounds(long: bool) -> range:
    return range(200 if long else 20)


@pytest.fixture
def few_rounds(long: bool) -> range:
    return range(50 if long else 5)


def cleared(house: House) -> None:
    with transaction(house.engine) as session:
        for booking in session.scalars(select(Booking).where(Booking.status.in_(LIVE))):
            release.give_back(session, booking, actor=house.people["fujii"], now=at("08:00"))


def test_of_many_who_book_one_slot_exactly_one_gets_it(house: House, few_rounds: range) -> None:
    for _ in few_rounds:
        said = at_once(house, [booking_of(house, who, "seat", "09:00", "12:00") for who in CROWD])
        assert sorted(said) == ["booking.overlap space"] * (len(CROWD) - 1) + ["won"]
        assert live(house) == 1
        cleared(house)


def test_of_overlapping_slots_those_that_win_do_not_overlap(house: House, few_rounds: range) -> None:
    """Each overlaps its neighbours only: a chain in which everybody might wait for the next."""
    slots = [
        ("09:00", "10:30"),
        ("10:00", "11:30"),
        ("11:00", "12:30"),
        ("12:00", "13:30"),
        ("13:00", "14:30"),
    ]
    for _ in few_rounds:
        acts = [booking_of(house, who, "seat", *slot) for who, slot in zip(CROWD, slots, strict=True)]
        said = at_once(house, acts)
        assert set(said) <= {"won", "booking.overlap space"}
        assert 2 <= said.count("won") == live(house) <= 3
        cleared(house)


def test_a_person_who_books_two_desks_at_once_gets_one(house: House, few_rounds: range) -> None:
    for _ in few_rounds:
        said = at_once(
            house,
            [booking_of(house, "aoki", where, "09:00", "12:00") for where in ("seat", "window", "focus")],
        )
        assert sorted(said) == ["booking.overlap person"] * 2 + ["won"]
        cleared(house)


def test_two_who_want_each_others_seat_do_not_block_each_other(house: House, few_rounds: range) -> None:
    def moving(booking: Booking, who: str, where: str) -> Act:
        return lambda session: reserve.move(
            session,
            session.get_one(Booking, booking.id),
            actor=house.people[who],
            now=at("08:00"),
            space_id=house.spaces[where],
        )

    for _ in few_rounds:
        one = house.book("aoki", "seat", "09:00", "12:00")
        other = house.book("baba", "window", "09:00", "12:00")
        said = at_once(house, [moving(one, "aoki", "window"), moving(other, "baba", "seat")])
        assert said == ["booking.overlap space"] * 2
        cleared(house)


def test_of_a_check_in_and_a_release_exactly_one_wins(house: House, rounds: range) -> None:
    house.hear_beats("seat", "07:00", "10:00", occupied=False)
    outcomes = set()
    for _ in rounds:
        booking = house.book("aoki", "seat", "09:00", "12:00")
        said = at_once(
            house, [acting_on(house, presence.check_in, booking, "aoki", "10:00"), sweeping("10:00")]
        )
        stored = house.get(booking)
        kinds = [one.kind for one in house.events(booking)]
        if stored.status is Status.CHECKED_IN:
            assert said == ["won", "won"]
            assert (stored.checked_in_at, stored.ended_at, stored.reason) == (at("10:00"), None, "")
            assert kinds == ["booking.made", "booking.checked_in"]
        else:
            assert stored.status is Status.RELEASED
            assert said[0] in {"booking.changed", "booking.state"}
            assert (stored.checked_in_at, stored.ended_at) == (None, at("10:00"))
            assert kinds == ["booking.made", "booking.released"]
        assert (stored.version, stored.release_check_at) == (2, None)
        outcomes.add(stored.status)
        cleared(house)
    assert outcomes <= {Status.CHECKED_IN, Status.RELEASED}


def test_two_sweeps_at_once_release_once(house: House, few_rounds: range) -> None:
    house.hear_beats("seat", "07:00", "10:00", occupied=False)
    for _ in few_rounds:
        booking = house.book("aoki", "seat", "09:00", "12:00")
        assert at_once(house, [sweeping("10:00"), sweeping("10:00")]) == ["won", "won"]
        assert [one.kind for one in house.events(booking)] == ["booking.made", "booking.released"]


def test_a_sensor_and_a_hand_that_check_in_at_once_are_one_check_in_or_one_after_the_other(
    house: House, few_rounds: range
) -> None:
    for turn in few_rounds[:12]:
        booking = house.book("aoki", "seat", f"{9 + turn:02}:00", f"{9 + turn:02}:30")
        clock = f"{9 + turn:02}:10"
        signals = house.readings("seat", [(f"{9 + turn:02}:09", True), (clock, True)])
        said = at_once(
            house,
            [
                acting_on(house, presence.check_in, booking, "aoki", clock),
                lambda session, signals=signals, clock=clock: pipeline.process_readings(  # type: ignore[misc]
                    session, signals, at(clock)
                ),
            ],
        )
        assert said[1] == "won"  # the gateway is never refused by what a person does
        stored = house.get(booking)
        assert stored.status is Status.CHECKED_IN
        assert stored.version == len(house.events(booking))


def test_of_a_reclaim_and_another_booking_exactly_one_gets_the_seat(house: House, few_rounds: range) -> None:
    house.hear_beats("seat", "07:00", "10:00", occupied=False)
    for _ in few_rounds:
        booking = house.book("aoki", "seat", "09:00", "12:00")
        house.sweep("10:00")

        def book(session: Session) -> object:
            return reserve.reserve(
                session,
                actor=house.people["baba"],
                space_id=house.spaces["seat"],
                span=span("10:05", "12:00"),
                now=at("10:01"),
            )

        said = at_once(house, [acting_on(house, release.reclaim, booking, "aoki", "10:01"), book])
        assert sorted(said) == ["booking.overlap space", "won"]
        assert live(house) == 1
        cleared(house)


def test_of_many_who_claim_a_seat_that_was_left_one_gets_it(house: House, few_rounds: range) -> None:
    for turn in few_rounds[:12]:
        hour = f"{9 + turn:02}"
        cleared(house)
        house.claim("endo", "free", f"{hour}:00")
        house.hear(
            "free", (f"{hour}:01", True), (f"{hour}:03", True), (f"{hour}:10", False), (f"{hour}:21", False)
        )
        said = at_once(
            house,
            [
                lambda session, who=who, hour=hour: pipeline.claim(  # type: ignore[misc]
                    session,
                    actor=house.people[who],
                    space_id=house.spaces["free"],
                    now=at(f"{hour}:22"),
                )
                for who in ("aoki", "baba", "chiba")
            ],
        )
        assert said.count("won") == 1
        assert set(said) - {"won"} <= {"booking.overlap space", "booking.changed"}
        assert live(house) == 1


def test_a_crowd_that_books_moves_checks_in_and_gives_back_while_sensors_speak_never_deadlocks(
    house: House, few_rounds: range
) -> None:
    for turn in few_rounds[:12]:
        hour = 9 + turn
        start, end, now = f"{hour:02}:00", f"{hour:02}:30", f"{hour:02}:05"
        mine = house.book("aoki", "seat", start, end)
        theirs = house.book("baba", "window", start, end)
        signals = [
            *house.readings("window", [(f"{hour:02}:03", True), (f"{hour:02}:04", True)]),
            *house.readings("seat", [(f"{hour:02}:03", True), (f"{hour:02}:04", True)]),
        ]
        acts: list[Act] = [
            acting_on(house, presence.check_in, mine, "aoki", now),
            acting_on(house, release.give_back, theirs, "baba", now),
            booking_of(house, "chiba", "seat", start, end),
            booking_of(house, "endo", "window", start, end),
            booking_of(house, "aoki", "focus", start, end),
            lambda session, signals=signals, now=now: pipeline.process_readings(  # type: ignore[misc]
                session, signals, at(now)
            ),
            sweeping(now),
        ]
        said = at_once(house, acts)
        assert said[5:] == ["won", "won"]
        assert {code.split()[0] for code in said} <= {
            "won",
            "booking.overlap",
            "booking.changed",
            "booking.state",
        }
        cleared(house)


def test_a_sweep_that_waits_for_a_reading_settles_what_the_reading_left(house: House) -> None:
    """The vacancy was due; then a signal of 09:14 came in first. What was read before the wait must not be written."""
    house.hear("seat", ("09:00", True), ("09:02", True), ("09:05", False))
    stored, waiting = Event(), Event()
    signals = house.readings("seat", [("09:14", True)])

    def sensor(session: Session) -> None:
        observe(session, signals, policies(session))
        stored.set()
        # On SQLite the sweep cannot even begin before this is over, so it is not waited for longer.
        waiting.wait(0.5)

    def sweep(session: Session) -> None:
        settle(session, at("09:16"), policies(session))

    def wait_and_sweep() -> None:
        stored.wait(10)
        with transaction(house.engine) as session:
            sweep(session)
        waiting.set()

    def send() -> None:
        with transaction(house.engine) as session:
            sensor(session)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(send), threads.submit(wait_and_sweep)]:
            done.result(30)
    with reading(house.engine) as session:
        state = session.get_one(SensorState, "sensor-seat")
    assert (state.state, state.signal_at) == (Occupancy.OCCUPIED, at("09:14"))


def test_a_quota_holds_however_many_ask_at_once(house: House, rounds: range) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "concurrent_quota", "2", now=at("00:00"), actor_id=None)
    slots = [
        ("09:00", "10:00"),
        ("10:00", "11:00"),
        ("11:00", "12:00"),
        ("12:00", "13:00"),
        ("13:00", "14:00"),
    ]
    for _ in rounds:
        said = at_once(house, [booking_of(house, "aoki", "seat", *slot) for slot in slots])
        assert sorted(said) == ["booking.rule concurrent_quota"] * 3 + ["won"] * 2
        assert live(house) == 2
        cleared(house)


def test_nothing_is_booked_past_a_closure_that_is_being_made(house: House, rounds: range) -> None:
    for _ in rounds:
        with reading(house.engine) as session:
            wanted = pipeline.Closing(
                session.scalars(select(Site.id)).one(), None, span("09:00", "18:00"), ""
            )

        def close(session: Session, wanted: pipeline.Closing = wanted) -> object:
            made, _ended = pipeline.close_office(
                session, wanted, actor=house.people["fujii"], now=at("08:00")
            )
            return made

        said = at_once(
            house,
            [
                close,
                booking_of(house, "aoki", "seat", "09:00", "12:00"),
                booking_of(house, "baba", "window", "09:00", "12:00"),
                booking_of(house, "chiba", "booth", "10:00", "11:00"),
            ],
        )
        assert said[0] == "won"
        assert set(said) <= {"won", "booking.rule closed"}
        assert live(house) == 0
        with transaction(house.engine) as session:
            (closure,) = barriers.list_closures(session, now=at("08:00"))
            barriers.reopen(session, closure.id, actor_id=None, now=at("08:00"))


def test_whoever_changes_seats_while_somebody_checks_them_in_deadlocks_with_nobody(
    house: House, rounds: range
) -> None:
    aoki, window = house.people["aoki"], house.spaces["window"]
    for _ in rounds:
        booking = house.book("aoki", "seat", "09:00", "12:00")
        said = at_once(
            house,
            [
                lambda session: pipeline.change_seat(
                    session, actor=aoki, space_id=window, now=at("09:05"), office=OFFICE
                ),
                acting_on(house, presence.check_in, booking, "fujii", "09:05"),
            ],
        )
        assert set(said) <= {"won", "booking.changed", "booking.state"}
        cleared(house)


def test_a_space_is_kept_for_one_person_only(house: House, rounds: range) -> None:
    for number in rounds:

        def keep(who: str, number: int = number) -> Act:
            return lambda session: fixed_seats.keep_for(
                session,
                house.spaces["seat"],
                house.people[who].id,
                first=DAY + timedelta(days=number),
                last=DAY + timedelta(days=number),
                actor_id=None,
                now=at("08:00"),
            )

        assert sorted(at_once(house, [keep("aoki"), keep("baba")])) == ["space.kept", "won"]
