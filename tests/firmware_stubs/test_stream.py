"""What a fleet sends: the same for the same seed, in the order of arrival, and wrong only as it was asked to be."""

from collections import Counter, defaultdict
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.occupancy.readings import Reading
from firmware_stubs.simulator.faults import DESCRIBED, NONE, USUAL, Faults
from firmware_stubs.simulator.spans import within
from firmware_stubs.simulator.stream import Fleet, Message, messages, sensor_ids
from firmware_stubs.simulator.wires import WIRES, WITHOUT_SIGN, id_on
from sensor_gateway.decoders import Wires
from sensor_gateway.messages import Envelope

MONDAY = date(2026, 11, 16)
FLEET = Fleet(sensor_ids(20), MONDAY, days=2, seed=5)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def with_faults(fleet: Fleet = FLEET, **rates: float) -> Fleet:
    return replace(fleet, faults=Faults(**rates))


def read(fleet: Fleet) -> list[Reading]:
    """What is heard under the names that the sensors have."""
    wires, known = Wires(), {id_on(fleet.wire, one) for one in fleet.sensors}
    return [
        reading
        for one in messages(fleet)
        for reading in wires.readings(Envelope(one.topic, one.payload, one.at))
        if reading.sensor_id in known
    ]


def by_sensor(readings: list[Reading]) -> dict[str, list[Reading]]:
    found: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        found[reading.sensor_id].append(reading)
    return found


def names(found: list[Reading]) -> set[tuple[str, str | None, int | None]]:
    return {(one.sensor_id, one.boot, one.seq) for one in found}


@settings(max_examples=20)
@given(
    seed=st.integers(0, 100),
    wire=st.sampled_from(sorted(WIRES)),
    faults=st.sampled_from([NONE, USUAL]),
    pir=st.booleans(),
)
def test_the_same_seed_gives_the_same_stream_in_the_order_of_arrival(
    seed: int, wire: str, faults: Faults, pir: bool
) -> None:
    fleet = Fleet(sensor_ids(3), MONDAY, days=2, seed=seed, wire=wire, faults=faults, pir=pir)
    stream = list(messages(fleet))
    assert stream == list(messages(fleet))
    assert all(one.at <= other.at for one, other in pairwise(stream))
    assert stream != list(messages(replace(fleet, seed=seed + 1)))


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_without_faults_every_message_says_the_truth(wire: str) -> None:
    fleet = Fleet(sensor_ids(3), MONDAY, wire=wire)
    truth = {id_on(wire, one): fleet.truth(one, MONDAY).seen for one in fleet.sensors}
    found = read(fleet)
    assert {one.sensor_id for one in found} == truth.keys()
    for one in found:
        # Where the wire does not date it, it took a moment.
        assert one.occupied in {
            within(truth[one.sensor_id], one.observed_at - s * MINUTE / 60) for s in (0, 1)
        }


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_on_change_only_says_a_state_once_a_day_and_as_it_changes_and_else_that_it_lives(wire: str) -> None:
    fleet = replace(FLEET, sensors=FLEET.sensors[:3], days=1, wire=wire)
    usual, on_change = (by_sensor(read(one)) for one in (fleet, replace(fleet, on_change=True)))
    for sensor_id, own in on_change.items():
        states = [one.occupied for one in own if one.occupied is not None]
        turns = [one.occupied for one, after in pairwise(usual[sensor_id]) if one.occupied != after.occupied]
        assert states == [*turns, usual[sensor_id][-1].occupied]
        assert len(own) == (len(states) if wire in WITHOUT_SIGN else len(usual[sensor_id]))


def test_without_faults_the_count_has_no_gap() -> None:
    for own in by_sensor(read(FLEET)).values():
        assert [one.seq for one in own] == list(range(len(own)))


def test_loss_takes_messages_away_and_changes_no_other() -> None:
    whole, lossy = list(messages(FLEET)), list(messages(with_faults(loss=0.1)))
    assert set(lossy) < set(whole)
    assert 0.05 < 1 - len(lossy) / len(whole) < 0.15


def test_a_copy_comes_later_and_is_the_same() -> None:
    whole, doubled = Counter(messages(FLEET)), Counter(messages(with_faults(duplicates=0.1)))
    copies = doubled - whole
    assert 0.05 < copies.total() / whole.total() < 0.15
    assert {one[1:] for one in copies} <= {one[1:] for one in whole}


def test_reordering_makes_some_late_and_loses_none() -> None:
    found = read(with_faults(reordering=0.1))
    assert names(found) == names(read(FLEET))
    overtaken = sum(
        one.observed_at > other.observed_at
        for own in by_sensor(found).values()
        for one, other in pairwise(own)
    )
    assert overtaken


def late(found: list[Reading]) -> list[Reading]:
    return [one for one in found if one.received_at - one.observed_at > 2 * MINUTE]


def test_what_was_kept_comes_afterwards_with_its_own_time() -> None:
    found = read(with_faults(delay=1))
    assert names(found) == names(read(FLEET))
    assert late(found)


def test_what_was_kept_comes_as_history_where_the_wire_says_so() -> None:
    found = read(replace(with_faults(delay=1), wire="sparkplug"))
    past = [one for one in found if one.history]
    assert len(past) > 10
    assert all(one.history for one in late(found))


def test_who_cannot_say_when_keeps_nothing() -> None:
    for fleet in (replace(with_faults(delay=1), wire="tasmota"), with_faults(delay=1, no_clock=1)):
        assert len(read(fleet)) < len(read(FLEET))
        assert not late(read(fleet))


def test_a_wrong_clock_is_wrong_by_two_minutes_at_most_and_always_by_as_much() -> None:
    for own in by_sensor(read(with_faults(skew=1))).values():
        off = {round((one.received_at - one.observed_at).total_seconds()) for one in own}
        assert max(off) - min(off) <= 1
        assert max(map(abs, off)) <= 121
    assert any(one.observed_at > one.received_at for one in read(with_faults(skew=1)))


def test_without_a_clock_no_reading_is_dated() -> None:
    assert all(one.is_undated for one in read(with_faults(no_clock=1)))


def longest_silence(own: list[Reading]) -> timedelta:
    return max(other.received_at - one.received_at for one, other in pairwise(own))


def test_a_dead_sensor_is_silent_for_an_hour_at_least() -> None:
    silences = [longest_silence(own) for own in by_sensor(read(with_faults(dead=1))).values()]
    assert sum(one >= 60 * MINUTE for one in silences) >= 18
    assert all(longest_silence(own) <= 10 * MINUTE + MINUTE for own in by_sensor(read(FLEET)).values())


def occupied_for(own: list[Reading]) -> float:
    return sum(one.occupied is True for one in own) / len(own)


def test_a_stuck_sensor_says_occupied_where_nobody_is() -> None:
    usual, stuck = (by_sensor(read(fleet)) for fleet in (FLEET, with_faults(stuck=1)))
    assert all(occupied_for(stuck[one]) > occupied_for(usual[one]) for one in usual)


def test_a_flapping_sensor_turns_every_minute() -> None:
    usual, flapping = (by_sensor(read(fleet)) for fleet in (FLEET, with_faults(flapping=1)))
    assert all(len(flapping[one]) > len(usual[one]) + 50 for one in usual)


def test_a_battery_runs_down() -> None:
    found = by_sensor(read(with_faults(replace(FLEET, days=15, sensors=FLEET.sensors[:2]), low_battery=1)))
    for own in found.values():
        said = [one.battery_pct or 0 for one in own]
        assert said == sorted(said, reverse=True)
        assert said[-1] == 1


def test_a_restart_has_another_boot_and_counts_from_nought() -> None:
    for own in by_sensor(read(with_faults(reboots=1))).values():
        boots = [one.boot for one in own]
        runs = list(dict.fromkeys(boots))
        assert len(runs) == 3
        assert [boots.index(one) for one in runs] == [n for n, one in enumerate(own) if one.seq == 0]


@pytest.mark.parametrize("fault", DESCRIBED)
def test_each_fault_changes_the_stream_and_none_is_none(fault: str) -> None:
    fleet = replace(FLEET, days=15, sensors=FLEET.sensors[:3])
    assert Counter(messages(with_faults(fleet, **{fault: 1.0}))) != Counter(messages(fleet))
    assert Faults(**{fault: 0.0}) == NONE


def test_faults_are_read_as_they_are_written() -> None:
    assert Faults.parse("none") == NONE
    assert Faults.parse("all") == USUAL
    assert Faults.parse("loss=0.5, dead") == Faults(loss=0.5, dead=DESCRIBED["dead"][0])
    assert [one.name for one in fields(Faults)] == list(DESCRIBED)


@pytest.mark.parametrize("text", ["", "lost", "loss=2", "loss=-1", "loss=nan", "loss=x", "loss,,dead"])
def test_a_fault_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no fault|from 0 to 1"):
        Faults.parse(text)


def test_a_message_is_its_arrival_its_topic_and_its_payload() -> None:
    one = next(messages(FLEET))
    assert isinstance(one, Message)
    at, topic, payload = one
    assert isinstance(at, datetime)
    assert topic.startswith("akiseki/v1/desk-")
    assert payload.startswith(b"{")
