"""What a simulated sensor says: the truth of its seat, at each change and at each heartbeat, unless it is dead."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.simulator.device import Numbered, Scenario
from firmware_stubs.simulator.wires import native
from sensor_gateway.decoders import decode
from sensor_gateway.messages import Envelope

MORNING = datetime(2026, 4, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minute: float) -> datetime:
    return MORNING + minute * MINUTE


SITTING = Scenario("desk-1", presence=[(at(30), at(90))])


def test_sitting_down_and_leaving_are_said_at_once() -> None:
    said = dict(SITTING.readings(at(0), at(120)))
    assert said[at(30)] is True
    assert said[at(90)] is False


def test_a_heartbeat_says_the_same_again_at_the_sensors_own_phase() -> None:
    said = list(Scenario("desk-1").readings(at(0), at(100)))
    gaps = {later - earlier for (earlier, _), (later, _) in itertools.pairwise(said)}
    assert gaps == {timedelta(minutes=10)}
    assert {occupied for _, occupied in said} == {False}
    other = list(Scenario("desk-2").readings(at(0), at(100)))
    assert {one for one, _ in said}.isdisjoint(one for one, _ in other)


def test_a_dead_sensor_says_nothing_and_then_goes_on() -> None:
    dead = Scenario("desk-1", presence=[(at(30), at(90))], dead=[(at(20), at(60))])
    said = dict(dead.readings(at(0), at(120)))
    assert not [one for one in said if at(20) <= one < at(60)]
    assert said[at(90)] is False
    assert any(at(60) <= one < at(90) and occupied for one, occupied in said.items())


@given(st.lists(st.integers(0, 200), min_size=1, max_size=6))
def test_asked_in_pieces_it_says_what_it_says_in_one_go(cuts: list[int]) -> None:
    edges = [at(0), *(at(cut) for cut in sorted(cuts)), at(200)]
    pieces = [said for after, until in itertools.pairwise(edges) for said in SITTING.readings(after, until)]
    assert pieces == list(SITTING.readings(at(0), at(200)))


def test_a_scenario_is_read_from_what_the_demo_writes() -> None:
    given_spans = {"presence": [[at(30).isoformat(), at(90).isoformat()]]}
    parsed = Scenario.parse("desk-1", given_spans)
    assert list(parsed.readings(at(0), at(200))) == list(SITTING.readings(at(0), at(200)))


def test_its_readings_are_those_of_the_contract_and_numbered_without_a_gap() -> None:
    numbered = Numbered("desk-1", "9c41e0d2a77b3f16")
    words = [numbered.said(at(n), occupied=n == 1, sent_at=at(n)) for n in range(3)]
    assert [one.seq for one in words] == [0, 1, 2]
    for n, said in enumerate(words):
        topic, payload = native.encode(said)
        [reading] = decode(Envelope(topic, payload, at(3)))
        assert (reading.boot, reading.seq, reading.observed_at) == ("9c41e0d2a77b3f16", n, at(n))
        assert reading.occupied is (n == 1)


def test_a_new_run_has_another_name_and_counts_from_one() -> None:
    numbered = Numbered("desk-1", "9c41e0d2a77b3f16", seq=7)
    numbered.reboot("0000000000000001")
    said = numbered.said(None, occupied=True, sent_at=at(0))
    assert (said.boot, said.seq) == ("0000000000000001", 0)
