"""Several senses of one seat that speak on topics of their own: one that sees nobody does not gainsay another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sensor_gateway.decoders import Wires
from sensor_gateway.decoders.senses import MOST_SENSES
from sensor_gateway.messages import Envelope

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
RADAR, ATTRIBUTES = "homie/5/d/radar/", "zigbee2mqtt/d/"
KNOWN = {"d": ""}


def office(before: Wires | None = None) -> Wires:
    """The wires of an office with one device; `before`: of the gateway that was there, whose memory was kept."""
    wires = Wires()
    wires.learn(KNOWN, NOW, told_once=before.told_once.news(KNOWN) if before else None)
    return wires


def said(wires: Wires, *messages: tuple[str, str], at: datetime = NOW) -> list[bool | None]:
    told = [wires.readings(Envelope(topic, said.encode(), at)) for topic, said in messages]
    return [one.occupied for each in told for one in each if one.sensor_id == "d"]


@pytest.mark.parametrize(
    ("base", "one", "other"),
    [
        (RADAR, "presence", "motion"),
        (ATTRIBUTES, "presence", "occupancy"),
        ("homie/d/radar/", "occupied", "motion"),
    ],
)
def test_somebody_is_there_while_one_sense_says_so(base: str, one: str, other: str) -> None:
    wires = office()
    turns = [(one, "true"), (other, "true"), (other, "false"), (one, "false"), (other, "true")]
    assert said(wires, *((base + name, word) for name, word in turns)) == [True, True, True, False, True]


@pytest.mark.parametrize("base", [RADAR, ATTRIBUTES])
def test_after_a_restart_a_sense_that_has_not_spoken_yet_may_see_somebody(base: str) -> None:
    wires = office()
    said(wires, (base + "presence", "true"), (base + "motion", "false"))
    again = office(wires)
    turns = [("motion", "false"), ("motion", "true"), ("motion", "false"), ("presence", "false")]
    assert said(again, *((base + name, word) for name, word in turns)) == [None, True, None, False]


@pytest.mark.parametrize("base", [RADAR, ATTRIBUTES])
def test_a_sense_that_was_taken_away_is_waited_for_no_more(base: str) -> None:
    wires = office()
    said(wires, (base + "presence", "true"), (base + "motion", "false"), (base + "presence", ""))
    assert said(wires, (base + "motion", "false")) == [False]
    assert said(office(wires), (base + "motion", "false")) == [False]


@pytest.mark.parametrize("base", [RADAR, ATTRIBUTES])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_sense_that_said_nothing_for_a_day_while_others_spoke_is_there_no_more(
    base: str, *, restarts: bool
) -> None:
    """Another device was given the name, or an attribute is called otherwise."""
    wires = office()
    said(wires, (base + "motion", "false"), (base + "occupancy", "true"), (base + "presence", "false"))
    nobody = (base + "presence", "false")
    if restarts:
        wires = office(wires)
        assert said(wires, nobody) == [None]
    after = [said(wires, nobody, at=NOW + timedelta(hours=hours)) for hours in (1, 12, 24, 25, 26)]
    waits = None if restarts else True
    assert after == [[waits], [waits], [waits], [False], [False]]
    assert said(office(wires), nobody) == [False]


def test_a_device_that_was_taken_out_leaves_no_sense_behind() -> None:
    wires = office()
    said(wires, (ATTRIBUTES + "occupancy", "true"), (ATTRIBUTES + "contact", "true"), ("zigbee2mqtt/d", ""))
    assert said(wires, (ATTRIBUTES + "presence", "false")) == [False]


def test_of_a_device_that_begins_anew_each_sense_may_see_somebody_until_it_speaks() -> None:
    """homie-esp8266 says `init` and `ready` at each connection, and of its values only what changes after."""
    wires, state = office(), "homie/5/d/$state"
    senses = [(RADAR + name, word) for word in ("false", "true") for name in ("presence", "motion")]
    assert said(wires, *senses) == [False, False, True, True]
    assert said(wires, (state, "lost"), (state, "init"), (state, "ready")) == [None, None, None]
    turns = [("motion", "false"), ("presence", "true"), ("motion", "true"), ("presence", "false")]
    assert said(wires, *((RADAR + name, word) for name, word in turns)) == [None, True, True, True]
    assert said(wires, (RADAR + "motion", "false")) == [False]
    assert said(wires, (state, "init"), *senses[:2], (state, "ready")) == [None, None, False, None]


@pytest.mark.parametrize("ends", ["lost", "disconnected"])
def test_of_a_device_that_was_lost_each_sense_may_see_somebody_until_it_speaks(ends: str) -> None:
    wires = office()
    said(
        wires,
        ("homie/5/r/$description", '{"children": ["d"]}'),
        ("homie/5/d/$description", '{"parent": "r"}'),
    )
    for root in ("homie/5/d/$state", "homie/5/r/$state"):
        assert said(wires, (RADAR + "presence", "false"), (RADAR + "motion", "false"))[-1] is False
        said(wires, (root, ends), (root, "ready"))
        assert said(wires, (RADAR + "motion", "true"), (RADAR + "motion", "false")) == [True, None]


@pytest.mark.parametrize(
    ("left", "right"),
    [(RADAR + "motion-left", RADAR + "motion-right"), (ATTRIBUTES + "presence", ATTRIBUTES + "motion")],
)
@pytest.mark.parametrize("restarts", [False, True])
def test_of_two_senses_each_counts_again_after_a_weekend(left: str, right: str, *, restarts: bool) -> None:
    wires = office()
    turns = [(left, "true"), (right, "true"), (left, "false"), (right, "false")]
    said(wires, *turns, *turns, at=NOW - timedelta(days=3))
    assert said(wires, turns[0]) == [True]
    if restarts:
        wires = office(wires)
        assert said(wires, turns[0]) == [True]
    assert said(wires, *turns[1:]) == [True, True, False]


def test_other_seats_and_attributes_have_no_part_in_it() -> None:
    wires = office()
    assert said(wires, (ATTRIBUTES + "presence", "true"), (ATTRIBUTES + "linkquality", "7")) == [True, None]
    two = office()
    said(two, ("homie/5/d/a/occupied", "true"), ("homie/5/d/b/occupied", "false"))
    found = {
        one.sensor_id: one.occupied for one in two.readings(Envelope("homie/5/d/b/occupied", b"false", NOW))
    }
    assert found == {"d": None, "d:b": False}


@pytest.mark.parametrize(
    ("base", "aside", "words"),
    [
        (RADAR, "motion-bearing", ("left", "right")),
        ("homie/d/radar/", "motion-strength", ("35.5", "7.25")),
        (ATTRIBUTES, "motion_state", ("huge", "null")),
    ],
)
def test_what_never_gives_a_clear_word_is_no_sense_of_the_seat(
    base: str, aside: str, words: tuple[str, str]
) -> None:
    wires = office()
    turns = [("presence", "true"), (aside, words[0]), ("presence", "false"), (aside, words[1])]
    assert said(wires, *((base + name, word) for name, word in turns)) == [True, None, False, None]
    assert said(office(wires), (base + "presence", "false")) == [False]


@pytest.mark.parametrize("base", [RADAR, ATTRIBUTES])
def test_a_sense_without_a_clear_word_any_more_may_see_somebody(base: str) -> None:
    turns = [("occupancy", "false"), ("presence", "true"), ("occupancy", "?"), ("presence", "false")]
    assert said(office(), *((base + name, word) for name, word in turns)) == [False, True, None, None]


@pytest.mark.parametrize("base", [RADAR, ATTRIBUTES])
def test_a_motion_that_is_never_taken_back_holds_nothing(base: str) -> None:
    wires = office()
    turns = [("motion", "true"), ("presence", "false"), ("motion", "true"), ("presence", "false")]
    assert said(wires, *((base + name, word) for name, word in turns)) == [True, False, True, False]
    assert said(office(wires), (base + "presence", "false")) == [False]
    taken_back = [("motion", "false"), ("motion", "true"), ("presence", "false")]
    assert said(wires, *((base + name, word) for name, word in taken_back)) == [False, True, True]


def test_a_stranger_with_senses_without_end_is_not_remembered_for_ever() -> None:
    wires = office()
    words = [(f"{RADAR}motion/{n}/occupied", "true") for n in range(260)]
    said(wires, *words)
    ((_key, told),) = wires.told_once.news(KNOWN).items()
    assert len(told["senses"]) == MOST_SENSES


def test_what_was_silent_for_a_day_makes_room_for_what_speaks() -> None:
    wires = office()
    said(wires, *((f"{RADAR}seat/{n}/occupied", "false") for n in range(MOST_SENSES)))
    later = NOW + timedelta(days=2)
    turns = [
        (f"{RADAR}seat/0/occupied", "false"),
        (f"{RADAR}presence", "true"),
        (f"{RADAR}seat/0/occupied", "false"),
    ]
    assert said(wires, *turns, at=later) == [False, True, True]


def test_what_finds_no_room_frees_no_seat_and_drives_nothing_out() -> None:
    """What was never heard clearly takes no room: a motion that was silent is known to be one that is taken back."""
    wires, first = office(), (RADAR + "seat/0/occupied", "false")
    said(wires, *((f"{RADAR}seat/{n}/occupied", "false") for n in range(MOST_SENSES - 1)))
    assert said(wires, (RADAR + "motion", "false")) == [False]
    assert said(wires, (RADAR + "presence", "false"), (RADAR + "presence", "true")) == [None, True]
    turns = [first, (RADAR + "other/occupied", "nonsense"), (RADAR + "motion", "true"), first]
    assert said(wires, *turns, at=NOW + timedelta(days=2)) == [False, None, True, True]


@pytest.mark.parametrize("base", [RADAR, ATTRIBUTES])
def test_the_only_sense_before_a_restart_is_waited_for_as_well(base: str) -> None:
    wires = office()
    said(wires, (base + "presence", "true"), (base + "motion", "true"))
    assert said(office(wires), (base + "motion", "false")) == [None]
