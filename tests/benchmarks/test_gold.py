"""The gold comparison in its short form: nobody is put out while they sit, nothing that the sensors told is lost, and
the hours are right; a house that did lose it is found out. The long forms, 1,000 sensors on 20 days with and without
faults, take about 25 minutes each on each database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from firmware_stubs.simulator.faults import NONE, USUAL
from firmware_stubs.simulator.stream import Fleet, sensor_ids
from sensor_gateway.handler import Counts, Handler, Letter, Said
from tests.benchmarks import gold_playing
from tests.benchmarks.gold import MONDAY, run

FLEET = Fleet(sensor_ids(100), MONDAY, days=5, faults=USUAL)
FAULTLESS = replace(FLEET, faults=NONE, seed=1)
EVERY = timedelta(minutes=2)
MUST_BE_NONE = (
    "released_while_sat",
    "released_after_use",
    "uses_lost",
    "uses_cut",
    "check_ins_lost",
    "unstored",
)


def number(found: dict[str, object], name: str) -> float:
    return float(str(found[name]))


def check(found: dict[str, object], *, apart: float, told: float) -> None:
    """`apart`: how much of the hours may stand on one side only; `told`: of how much of them it must have been judged
    whether what the sensors told is there."""
    print(found)
    assert {name: found[name] for name in MUST_BE_NONE} == dict.fromkeys(MUST_BE_NONE, 0), found["wrong"]
    assert number(found, "stored") + number(found, "repeated") + number(found, "dead") == found["messages"]
    # It is about people: most who book come and are seen, and most of those who do not are noticed.
    assert number(found, "came") > 0.6 * number(found, "bookings")
    assert number(found, "no_shows_released") > 0.8 * number(found, "no_shows") > 0
    assert abs(number(found, "usage_off")) <= number(found, "usage_apart") <= apart
    assert number(found, "hours_told") >= told * number(found, "hours_used")


def check_faulty(found: dict[str, object]) -> None:
    check(found, apart=0.05, told=0.95)
    assert number(found, "repeated") > 0


@pytest.mark.timeout(600)
def test_with_faults_the_record_is_true_to_what_happened() -> None:
    check_faulty(run(FLEET, "", every=EVERY))


@pytest.mark.timeout(600)
def test_without_faults_it_is_truer_still() -> None:
    check_faultless(run(replace(FAULTLESS, sensors=sensor_ids(80), days=1), "", every=EVERY))


def check_faultless(found: dict[str, object]) -> None:
    check(found, apart=0.02, told=0.98)
    for never in ("released_blind", "uses_missed", "check_ins_missed", "dead", "repeated"):
        assert found[never] == 0


class Deaf(Handler):
    """Acknowledges what a sensor says of somebody there, and stores nothing of it."""

    def store(self, said: Sequence[Said], letters: Sequence[Letter], **rest: Any) -> Counts:
        kept = [one for one in said if not one[1].occupied]
        counts = super().store(kept, letters, **rest)
        return replace(counts, repeated=counts.repeated + len(said) - len(kept))


class Mistaken(Handler):
    """Takes every word for vacant."""

    def store(self, said: Sequence[Said], letters: Sequence[Letter], **rest: Any) -> Counts:
        return super().store([(one, word._replace(occupied=False)) for one, word in said], letters, **rest)


class Hasty(Handler):
    """Takes it for vacant when a sensor says again that somebody is there: of hours, minutes are left."""

    def store(self, said: Sequence[Said], letters: Sequence[Letter], **rest: Any) -> Counts:
        taken = []
        for one, word in said:
            occupied = word.occupied and not self.was_occupied.get(word.sensor_id)
            self.was_occupied[word.sensor_id] = word.occupied
            taken.append((one, word._replace(occupied=occupied)))
        return super().store(taken, letters, **rest)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.was_occupied: dict[str, bool | None] = {}


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("house", "seen_by"),
    [
        (Deaf, ("uses_lost", "check_ins_lost", "unstored")),
        (Mistaken, ("uses_lost", "released_while_sat")),
        (Hasty, ("uses_cut",)),
    ],
)
def test_a_house_that_loses_what_it_was_told_is_found_out(
    house: type[Handler], seen_by: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gold_playing, "Handler", house)
    found = run(replace(FAULTLESS, sensors=sensor_ids(8), days=1), "", every=EVERY)
    assert number(found, "stored") + number(found, "repeated") == found["messages"]
    assert all(number(found, name) > 0 for name in seen_by), found


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_large_fleet_over_weeks_is_recorded_as_truly(server: str) -> None:
    check_faulty(run(replace(FLEET, sensors=sensor_ids(1_000), days=20), server))


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_large_fleet_over_weeks_without_faults_is_truer_still(server: str) -> None:
    check_faultless(run(replace(FAULTLESS, sensors=sensor_ids(1_000), days=20), server))
