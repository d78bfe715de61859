"""Whom an event is told to, when a mail may go, when it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notifications.rules import (
    BACKOFF,
    OFF_AFTER,
    OFF_AFTER_CALLS,
    PROBES,
    Choices,
    Fact,
    Topic,
    Way,
    is_dead,
    is_of_the_building,
    next_probe,
    next_try,
    recipients,
    wanted_by,
)
from tests.house import TOKYO, at

ME, OTHER, GUEST = 1, 2, 3


@pytest.mark.parametrize(
    ("kind", "actor", "expected"),
    [
        ("booking.made", ME, {ME: Topic.OWN}),
        ("booking.made", OTHER, {ME: Topic.BY_OTHERS}),
        ("booking.cancelled", OTHER, {ME: Topic.BY_OTHERS, GUEST: Topic.INVITATION}),
        ("booking.cancelled", ME, {ME: Topic.OWN, GUEST: Topic.INVITATION}),
        ("booking.moved", OTHER, {ME: Topic.BY_OTHERS, GUEST: Topic.INVITATION}),
        ("booking.released", None, {ME: Topic.RELEASE, GUEST: Topic.INVITATION}),
        ("booking.release_warned", None, {ME: Topic.RELEASE}),
        ("booking.ended_early", None, {}),
        ("booking.ended_early", ME, {}),
        ("booking.ended_early", OTHER, {ME: Topic.BY_OTHERS, GUEST: Topic.INVITATION}),
        ("booking.reclaimed", ME, {ME: Topic.RELEASE, GUEST: Topic.INVITATION}),
        ("booking.checked_in", None, {}),
        ("booking.kept", None, {}),
        ("booking.invited", OTHER, {ME: Topic.INVITATION}),
        ("booking.invited", ME, {}),
        ("series.made", ME, {}),
        ("series.unused", None, {ME: Topic.SERIES}),
        ("waitlist.offered", None, {ME: Topic.QUEUE}),
        ("waitlist.joined", ME, {}),
        ("lots.wished", ME, {}),
        ("lots.seated", None, {}),
        ("lots.left_out", None, {ME: Topic.QUEUE}),
        ("lots.refused", None, {ME: Topic.QUEUE}),
        ("telework.conflict", None, {ME: Topic.TELEWORK}),
        ("telework.corrected", OTHER, {ME: Topic.TELEWORK}),
        ("telework.corrected", ME, {}),
        ("policy.set", OTHER, {}),
        ("webhook.disabled", None, {ME: Topic.SYSTEM}),
    ],
)
def test_an_event_is_told_to_those_whom_it_concerns(
    kind: str, actor: int | None, expected: dict[int, Topic]
) -> None:
    assert recipients(Fact(kind, actor, {"user_id": ME}, (GUEST,))) == expected


HOST = 4


@pytest.mark.parametrize("reason", ["closed", "left", "out_of_order", "layout", "not_available"])
@pytest.mark.parametrize("actor", [ME, OTHER, None])
def test_a_meeting_that_is_ended_from_outside_is_told_to_who_sits_in_it_whoever_did_it(
    reason: str, actor: int | None
) -> None:
    data = {"user_id": ME, "changes": {"reason": ["hand", reason]}}
    assert recipients(Fact("booking.ended_early", actor, data, (GUEST,))).get(GUEST) is Topic.INVITATION


def test_who_gives_a_room_back_or_walks_out_of_it_tells_nobody_who_was_there() -> None:
    for actor, reason in ((ME, "gave_back"), (None, "left_early")):
        data = {"user_id": ME, "changes": {"reason": ["hand", reason]}}
        assert recipients(Fact("booking.ended_early", actor, data, (GUEST,))) == {}


@pytest.mark.parametrize(
    ("kind", "actor", "expected"),
    [
        ("booking.made", HOST, {HOST: Topic.OWN}),
        ("booking.moved", OTHER, {HOST: Topic.BY_OTHERS, GUEST: Topic.INVITATION}),
        ("booking.changed", OTHER, {HOST: Topic.BY_OTHERS, GUEST: Topic.INVITATION}),
        ("booking.cancelled", OTHER, {HOST: Topic.BY_OTHERS, GUEST: Topic.INVITATION}),
        ("booking.cancelled", HOST, {HOST: Topic.OWN, GUEST: Topic.INVITATION}),
        ("booking.released", None, {HOST: Topic.RELEASE, GUEST: Topic.INVITATION}),
        ("booking.release_warned", None, {HOST: Topic.RELEASE}),
        ("booking.ended_early", OTHER, {HOST: Topic.BY_OTHERS, GUEST: Topic.INVITATION}),
        ("booking.ended_early", None, {HOST: Topic.RELEASE}),
        ("booking.ended_early", HOST, {}),
    ],
)
def test_who_has_no_account_is_told_by_who_receives_them(
    kind: str, actor: int | None, expected: dict[int, Topic]
) -> None:
    assert recipients(Fact(kind, actor, {"user_id": None}, (GUEST,), HOST)) == expected


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (ME, {ME: Topic.OWN, HOST: Topic.INVITATION}),
        (OTHER, {HOST: Topic.INVITATION}),
        (None, {HOST: Topic.INVITATION}),
        (HOST, {}),
    ],
)
def test_who_does_not_come_is_told_to_who_invited_them(actor: int | None, expected: dict[int, Topic]) -> None:
    assert recipients(Fact("booking.declined", actor, {"user_id": ME}, (GUEST,), HOST)) == expected


kinds = st.sampled_from(
    [
        "booking.made",
        "booking.changed",
        "booking.cancelled",
        "booking.released",
        "booking.invited",
        "booking.declined",
        "series.unused",
        "x.y",
    ]
)


@given(
    kinds,
    st.none() | st.integers(1, 4),
    st.none() | st.integers(1, 4),
    st.lists(st.integers(1, 4), max_size=3),
    st.none() | st.integers(1, 4),
)
def test_nobody_is_told_of_their_own_doing_but_under_that_topic(
    kind: str, actor: int | None, user: int | None, attendees: list[int], host: int | None
) -> None:
    told = recipients(Fact(kind, actor, {"user_id": user}, attendees, host))
    if actor in told:
        assert told[actor] in {Topic.OWN, Topic.RELEASE, Topic.SERIES}
    assert set(told) <= {user, host, *attendees}


def test_what_one_does_oneself_is_told_only_when_asked_for() -> None:
    assert not Choices().wants(Topic.OWN, Way.MAIL)
    assert Choices(frozenset({(Topic.OWN, Way.MAIL)})).wants(Topic.OWN, Way.MAIL)
    assert Choices().wants(Topic.RELEASE, Way.MAIL)
    assert not Choices(frozenset({(Topic.RELEASE, Way.MAIL)})).wants(Topic.RELEASE, Way.MAIL)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("21:59", "21:59"),
        ("22:00", "07:00+"),
        ("23:30", "07:00+"),
        ("03:00", "07:00"),
        ("07:00", "07:00"),
        ("12:00", "12:00"),
    ],
)
def test_over_night_mail_waits_for_the_morning(now: str, expected: str) -> None:
    quiet = Choices(quiet_from=time(22), quiet_until=time(7))
    wanted = at(expected.rstrip("+"), day=1 if expected.endswith("+") else 0)
    assert quiet.mail_at(at(now), TOKYO) == wanted


clocks = st.times().map(lambda one: one.replace(tzinfo=None))
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(clocks, clocks, instants, st.sampled_from([TOKYO, ZoneInfo("Europe/Berlin")]))
def test_a_mail_waits_a_day_at_most_and_never_goes_in_the_quiet_hours(
    start: time, end: time, now: datetime, zone: ZoneInfo
) -> None:
    quiet = Choices(quiet_from=start, quiet_until=end)
    when = quiet.mail_at(now, zone)
    assert now <= when <= now + timedelta(hours=25)
    assert quiet.mail_at(when, zone) == when or zone.key != "Asia/Tokyo"


def test_a_try_comes_later_each_time_and_ends() -> None:
    now = at("09:00")
    waits = [next_try(attempts, now) for attempts in range(1, len(BACKOFF) + 2)]
    assert waits[-1] is None
    times = [one for one in waits if one]
    assert times == sorted(times)
    assert len(times) == len(BACKOFF)


@given(st.integers(1, 200), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_no_outage_of_less_than_a_day_switches_a_webhook_off(failures: int, lasted: timedelta) -> None:
    now = at("09:00")
    assert now < next_probe(failures, now) <= now + PROBES[-1]
    dead = is_dead(failures, now - lasted, now)
    assert dead == (failures >= OFF_AFTER_CALLS and lasted >= OFF_AFTER)


@pytest.mark.parametrize(
    ("asked", "kind", "wanted"),
    [
        (["*"], "booking.made", True),
        (["booking.*"], "booking.made", True),
        (["booking.*"], "bookings.made", False),
        (["booking.released"], "booking.made", False),
        (["booking.released", "booking.made"], "booking.made", True),
        ([], "booking.made", False),
    ],
)
def test_a_webhook_is_called_for_what_it_asks_for(asked: list[str], kind: str, wanted: bool) -> None:
    assert wanted_by(asked, kind, hears_all=True) is wanted


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        ("booking.*", True),
        ("zone.removed", True),
        ("*", False),
        ("telework.*", False),
        ("sign_in.done", False),
        ("person.looked_up", False),
        ("booking", False),
        ("webhook_added", False),
    ],
)
def test_what_is_not_of_the_building_is_told_to_those_alone_who_hear_all(asked: str, is_told: bool) -> None:
    kind = asked.replace("*", "x")
    assert is_of_the_building(asked) is is_told
    assert wanted_by(["*", asked], kind, hears_all=False) is is_told
    assert wanted_by(["*", asked], kind, hears_all=True)
