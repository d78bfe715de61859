"""Series, moving people, absences: in one step, with everything told."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select, update

from app import pipeline
from app.bookings import absence
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.bookings.series import service as series
from app.bookings.series.models import Series
from app.bookings.series.rules import Every, Recurrence, Scope
from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import Conflict, DomainError, Forbidden, NotFound, RuleBroken
from app.events import history
from app.spaces.models import Zone
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from app.timespan import TimeSpan
from tests.app.bookings.test_legal import keep
from tests.house import OFFICE, House, at, span

DAILY = Recurrence(Every.DAY, count=3)


def ask(
    house: House, where: str = "seat", recurrence: Recurrence = DAILY, times: TimeSpan | None = None
) -> series.Ask:
    return series.Ask(house.spaces[where], times or span("09:00", "12:00"), recurrence, {"every": "day"})


def make(house: House, wanted: series.Ask, *, who: str = "aoki", possible_ones: bool = False) -> series.Made:
    with transaction(house.engine) as session:
        made = series.make(
            session,
            wanted,
            actor=house.people[who],
            calendar=public_holidays(2026),
            hours=OFFICE.hours,
            now=at("08:00"),
            possible_ones=possible_ones,
        )
        session.expunge_all()
    return made


def bookings(house: House) -> list[Booking]:
    with reading(house.engine) as session:
        found = list(session.scalars(select(Booking).order_by(Booking.start_at, Booking.id)))
        session.expunge_all()
    return found


def test_a_series_books_every_working_day_by_the_wall_clock(house: House) -> None:
    made = make(house, ask(house, recurrence=Recurrence(Every.DAY, count=5)))
    assert [one.span for one in made.bookings] == [span("09:00", "12:00", day=n) for n in (0, 1, 2, 3, 6)]
    assert made.series is not None
    assert {one.series_id for one in bookings(house)} == {made.series.id}
    with reading(house.engine) as session:
        assert [one.kind for one in history(session, f"series:{made.series.id}")] == ["series.made"]


def test_all_or_nothing_leaves_nothing_where_one_day_is_taken(house: House) -> None:
    house.book("baba", "seat", "10:00", "11:00", day=1)
    with pytest.raises(Conflict, match=r"series\.refused") as caught:
        make(house, ask(house))
    facts = caught.value.facts
    assert (facts["refused"], facts["of"], facts["because"]) == (1, 3, "booking.overlap")
    assert facts["start"] == at("09:00", day=1).isoformat()
    assert len(bookings(house)) == 1


def test_the_possible_ones_are_booked_and_the_others_told_with_what_comes_nearest(house: House) -> None:
    house.book("baba", "seat", "10:00", "11:00", day=1)
    made = make(house, ask(house), possible_ones=True)
    assert [one.span for one in made.bookings] == [span("09:00", "12:00"), span("09:00", "12:00", day=2)]
    (refused,) = made.refused
    assert (refused.span, refused.error.code) == (span("09:00", "12:00", day=1), "booking.overlap")
    assert refused.space is not None
    assert refused.space.code in {"window", "bare"}
    assert refused.time == span("11:00", "14:00", day=1)


def test_where_nothing_is_possible_no_series_is_made(house: House) -> None:
    for day in range(3):
        house.book("baba", "seat", "09:00", "12:00", day=day)
    made = make(house, ask(house), possible_ones=True)
    assert (made.series, made.bookings, len(made.refused)) == (None, [], 3)
    with pytest.raises(RuleBroken, match=r"series\.empty"):
        make(house, ask(house, recurrence=Recurrence(dates=(date(2026, 11, 28),))))


def test_what_no_day_could_have_is_refused_as_for_one_booking(house: House) -> None:
    with pytest.raises(Forbidden):
        make(house, ask(house, "taxes"), possible_ones=True)
    house.spaces["nowhere"] = 10_000
    with pytest.raises(NotFound):
        make(house, ask(house, "nowhere"), possible_ones=True)


def test_days_past_the_horizon_are_told_as_such(house: House) -> None:
    made = make(
        house,
        ask(house, recurrence=Recurrence(Every.WEEK, count=15, working_days_only=False)),
        possible_ones=True,
    )
    assert len(made.bookings) == 12
    assert {one.error.facts["rule"] for one in made.refused} == {"horizon"}


def test_a_quota_holds_over_a_series_too(house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "concurrent_quota", "2", now=at("00:00"), actor_id=None)
    made = make(house, ask(house), possible_ones=True)
    assert len(made.bookings) == 2
    assert made.refused[0].error.facts["rule"] == "concurrent_quota"


@pytest.mark.parametrize(
    ("scope", "changed"), [(Scope.ONE, [1]), (Scope.FOLLOWING, [1, 2]), (Scope.ALL, [0, 1, 2])]
)
def test_one_this_and_following_or_all_are_changed(house: House, scope: Scope, changed: list[int]) -> None:
    made = make(house, ask(house))
    with transaction(house.engine) as session:
        moved = series.move(
            session,
            session.get_one(Booking, made.bookings[1].id),
            scope,
            span("13:00", "15:00", day=1),
            actor=house.people["aoki"],
            now=at("08:30"),
            space_id=house.spaces["window"],
        )
        assert [one.id for one in moved.bookings] == [made.bookings[n].id for n in changed]
    for number, one in enumerate(bookings(house)):
        wanted = ("13:00", "15:00") if number in changed else ("09:00", "12:00")
        assert one.span == span(*wanted, day=number)
        assert (one.space_id == house.spaces["window"]) == (number in changed)


def test_a_change_that_one_day_refuses_changes_none_and_names_the_day(house: House) -> None:
    made = make(house, ask(house))
    house.book("baba", "seat", "14:00", "15:00", day=2)
    with pytest.raises(Conflict) as caught, transaction(house.engine) as session:
        series.move(
            session,
            session.get_one(Booking, made.bookings[0].id),
            Scope.ALL,
            span("13:00", "15:00"),
            actor=house.people["aoki"],
            now=at("08:30"),
        )
    assert caught.value.facts["start"] == at("13:00", day=2).isoformat()
    assert [one.span for one in bookings(house) if one.series_id] == [
        span("09:00", "12:00", day=n) for n in range(3)
    ]


@pytest.mark.parametrize(("scope", "left"), [(Scope.ONE, 2), (Scope.FOLLOWING, 1), (Scope.ALL, 0)])
def test_one_this_and_following_or_all_are_cancelled(house: House, scope: Scope, left: int) -> None:
    made = make(house, ask(house))
    with transaction(house.engine) as session:
        booking = session.get_one(Booking, made.bookings[1].id)
        series.cancel(session, booking, scope, actor=house.people["aoki"], now=at("08:30"))
    assert sum(one.status is Status.BOOKED for one in bookings(house)) == left


# A series that nobody uses


def nobody_comes(house: House, day: int) -> None:
    """The sensor is healthy and sees nobody that day; the grace passes."""
    ticks = [at("08:30", day=day) + n * timedelta(minutes=10) for n in range(22)]
    beats = house.readings("seat", [("08:30", False)] * len(ticks))
    said = [one._replace(observed_at=tick, received_at=tick) for one, tick in zip(beats, ticks, strict=True)]
    house.process(said, ticks[-1])
    for clock in ("10:15", "12:30"):
        house.sweep(clock, day=day)


def asked(house: House) -> Series:
    with reading(house.engine) as session:
        found = session.scalars(select(Series)).one()
        session.expunge(found)
    return found


def test_after_three_no_shows_running_the_owner_is_asked_and_without_an_answer_it_ends(house: House) -> None:
    make(house, ask(house, recurrence=Recurrence(Every.DAY, count=9)))
    for day in (0, 1):
        nobody_comes(house, day)
        assert asked(house).answer_until is None
    nobody_comes(house, 2)
    until = asked(house).answer_until
    assert until is not None
    for day in (3, 6, 7, 8):
        nobody_comes(house, day)
    with transaction(house.engine) as session:
        assert pipeline.next_due(session) is not None
        swept = pipeline.sweep(session, until, OFFICE)
        assert swept is not None
    coming = [one for one in bookings(house) if one.start_at > until]
    assert coming
    assert {(one.status, one.reason) for one in coming} == {(Status.CANCELLED, "series_unused")}
    assert asked(house).ended_at == until


def test_an_owner_who_confirms_keeps_the_series_and_is_not_asked_for_the_same_again(house: House) -> None:
    make(house, ask(house, recurrence=Recurrence(Every.DAY, count=9)))
    for day in (0, 1, 2):
        nobody_comes(house, day)
    with pytest.raises(Forbidden), transaction(house.engine) as session:
        series.confirm(session, asked(house).id, actor=house.people["baba"], now=at("13:00", day=2))
    with transaction(house.engine) as session:
        series.confirm(session, asked(house).id, actor=house.people["aoki"], now=at("13:00", day=2))
    assert asked(house).answer_until is None
    nobody_comes(house, 3)
    assert asked(house).answer_until is None
    house.sweep("09:00", day=10)
    assert asked(house).ended_at is None


# A space goes away


def outage(house: House, start: str, end: str | None = None) -> pipeline.Outage:
    return pipeline.Outage(house.spaces["seat"], at(start), at(end) if end else None, "壊れた")


def take_away(house: House, wanted: pipeline.Outage, now: str) -> list[tuple[int, str]]:
    with transaction(house.engine) as session:
        previewed = [(one.booking.id, one.code) for one in pipeline.moves_of(session, wanted, now=at(now))]
        done = pipeline.take_out_of_order(session, wanted, actor=house.people["fujii"], now=at(now))
        assert [(one.booking.id, one.code) for one in done] == previewed
    return previewed


def test_whoever_booked_a_broken_seat_is_moved_to_the_nearest_and_the_last_is_told(house: House) -> None:
    first = house.book("aoki", "seat", "10:00", "12:00")
    second = house.book("baba", "seat", "13:00", "15:00")
    house.book("chiba", "window", "09:00", "17:00")
    house.book("endo", "bare", "09:00", "12:30")
    house.book("fujii", "focus", "09:00", "17:00")
    moves = dict(take_away(house, outage(house, "09:00"), "09:00"))
    assert moves == {first.id: "", second.id: "bare"}
    assert (house.get(first).status, house.get(first).reason) == (Status.CANCELLED, "out_of_order")
    moved = house.get(second)
    assert (moved.status, moved.space_id, moved.span) == (
        Status.BOOKED,
        house.spaces["bare"],
        span("13:00", "15:00"),
    )
    assert [event.kind for event in house.events(second)] == ["booking.made", "booking.moved"]
    with pytest.raises(RuleBroken):
        house.book("aoki", "seat", "16:00", "17:00", now="09:01")


def test_whoever_sits_there_is_told_and_what_has_begun_goes_on_elsewhere_from_now(house: House) -> None:
    sitting = house.claim("aoki", "seat", "09:00")
    assert take_away(house, outage(house, "10:00"), "10:00") == [(sitting.id, "")]
    assert (house.get(sitting).status, house.get(sitting).ended_at) == (Status.ENDED_EARLY, at("10:00"))


def test_a_booking_that_has_begun_and_nobody_came_to_begins_anew_elsewhere(house: House) -> None:
    begun = house.book("aoki", "seat", "09:00", "17:00")
    take_away(house, outage(house, "09:30"), "09:30")
    moved = house.get(begun)
    assert (moved.start_at, moved.end_at, moved.release_check_at) == (at("09:30"), at("17:00"), at("10:30"))


def test_an_outage_of_an_hour_touches_nothing_else(house: House) -> None:
    early = house.book("aoki", "seat", "09:00", "10:00")
    late = house.book("baba", "seat", "11:00", "12:00")
    assert take_away(house, outage(house, "10:00", "11:00"), "08:30") == []
    assert {house.get(one).space_id for one in (early, late)} == {house.spaces["seat"]}


def zone_b(house: House, **values: object) -> None:
    with transaction(house.engine) as session:
        session.execute(update(Zone).where(Zone.code == "B").values(**values))


def test_who_finds_no_other_seat_goes_to_another_zone_and_then_to_another_kind_of_desk(house: House) -> None:
    zone_b(house, section_id=None)
    first = house.book("aoki", "seat", "10:00", "12:00")
    second = house.book("baba", "seat", "12:00", "13:00")
    house.book("chiba", "taxes", "12:00", "13:00")
    keep(house, "bare", "endo")
    keep(house, "window", "fujii")
    assert dict(take_away(house, outage(house, "09:00"), "09:00")) == {first.id: "taxes", second.id: "focus"}


@pytest.mark.parametrize(
    "values",
    [{"free_seating": True, "section_id": None}, {"lots_at": time(15), "section_id": None}, {"name": "税務"}],
)
def test_nobody_is_moved_to_a_zone_that_is_not_theirs_to_book(
    house: House, values: dict[str, object]
) -> None:
    zone_b(house, **values)
    booking = house.book("aoki", "seat", "10:00", "12:00")
    for where, who in (("bare", "endo"), ("window", "fujii"), ("focus", "chiba")):
        keep(house, where, who)
    assert take_away(house, outage(house, "09:00"), "09:00") == [(booking.id, "")]


def test_nobody_is_moved_where_the_buffer_or_the_longest_booking_forbids_it(house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "buffer", "30m", now=at("07:00"), actor_id=None)
        set_policy(session, Kind.FOCUS_SEAT, "max_duration", "1h", now=at("07:00"), actor_id=None)
    booking = house.book("aoki", "seat", "10:00", "12:00")
    house.book("baba", "window", "12:15", "13:00")
    keep(house, "bare", "endo")
    assert take_away(house, outage(house, "09:00"), "09:00") == [(booking.id, "")]


def test_nobody_is_moved_onto_a_fixed_or_a_broken_seat(house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "12:00")
    house.book("chiba", "focus", "10:00", "12:00")
    house.break_("window", "11:00", "13:00")
    keep(house, "bare", "endo")
    assert take_away(house, outage(house, "09:00"), "09:00") == [(booking.id, "")]


# An absence frees


def test_an_absence_cancels_what_is_booked_in_its_span_and_no_more(house: House) -> None:
    inside = [
        house.book("aoki", "seat", "09:00", "12:00", day=1),
        house.book("aoki", "booth", "14:00", "15:00", day=1),
    ]
    outside = [
        house.book("aoki", "seat", "09:00", "12:00", day=2),
        house.book("baba", "window", "09:00", "12:00", day=1),
    ]
    whole_day = TimeSpan(at("00:00", day=1), at("00:00", day=2))
    with transaction(house.engine) as session:
        seen = absence.booked_within(session, house.people["aoki"].id, whole_day)
        assert [one.id for one in seen] == [one.id for one in inside]
        absence.cancel_within(
            session, house.people["aoki"].id, whole_day, actor=house.people["aoki"], now=at("08:00")
        )
    assert {house.get(one).status for one in inside} == {Status.CANCELLED}
    assert {house.get(one).status for one in outside} == {Status.BOOKED}


def test_a_chief_cancels_for_the_own_section_and_a_stranger_for_nobody(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00", day=1)
    whole_day = TimeSpan(at("00:00", day=1), at("00:00", day=2))

    def cancel(who: str) -> None:
        with transaction(house.engine) as session:
            absence.cancel_within(
                session, house.people["aoki"].id, whole_day, actor=house.people[who], now=at("08:00")
            )

    with pytest.raises(DomainError, match=r"booking\.not_allowed"):
        cancel("baba")
    cancel("chiba")
    assert house.get(booking).status is Status.CANCELLED
