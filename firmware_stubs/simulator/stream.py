"""What a fleet sends, in the order in which it arrives; a pure function of its configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from firmware_stubs.simulator import sensing, truth
from firmware_stubs.simulator.device import Numbered, Scenario
from firmware_stubs.simulator.faults import NONE, Faults, Trouble, Troubles
from firmware_stubs.simulator.spans import Span, within
from firmware_stubs.simulator.wires import KEEP, WIRES, WITHOUT_SIGN
from firmware_stubs.simulator.wires.said import Said

TOKYO = ZoneInfo("Asia/Tokyo")
# A message that nothing goes wrong with takes so long; what was kept comes one after the other.
USUAL_S = (0.05, 0.3)
ONE_AFTER_THE_OTHER = timedelta(milliseconds=200)


@dataclass(frozen=True, slots=True)
class Fleet:
    """`sensors` by their ids, from midnight of `first` in `zone` for so many days. `pir`: they see movement only.
    `on_change`: they say their state when it changes, and at the beginning of a run and of a day; at a heartbeat a sign
    of life where the wire has one."""

    sensors: Sequence[str]
    first: date
    days: int = 1
    seed: int = 0
    wire: str = "native"
    faults: Faults = NONE
    pir: bool = False
    heartbeat: timedelta = timedelta(minutes=10)
    zone: ZoneInfo = TOKYO
    on_change: bool = False

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.days)]

    def day_span(self, on: date) -> Span:
        """From midnight to midnight, in UTC."""
        start, end = (
            datetime.combine(one, time(), self.zone).astimezone(UTC) for one in (on, on + timedelta(days=1))
        )
        return start, end

    def truth(self, sensor_id: str, on: date) -> truth.Truth:
        """The hidden truth of a sensor's seat."""
        return truth.of_day(self.seed, sensor_id, on, self.zone)


class Message(NamedTuple):
    """A message as it comes to the broker."""

    at: datetime
    topic: str
    payload: bytes


class Delivered(NamedTuple):
    """What a device said, as it comes to the broker before the wire gives it its form."""

    at: datetime
    said: Said


def sensor_ids(count: int, prefix: str = "desk-") -> list[str]:
    """`desk-0001` and so on."""
    return [f"{prefix}{number:04d}" for number in range(1, count + 1)]


def messages(fleet: Fleet) -> Iterator[Message]:
    """All that a fleet sends, by its arrival."""
    encode = WIRES[fleet.wire]
    return (Message(at, *encode(said)) for at, said in deliveries(fleet))


def deliveries(fleet: Fleet) -> Iterator[Delivered]:
    """What is said in all that a fleet sends, by its arrival; day by day, so that a day of it is in memory. What a
    sensor says is the same whichever others are of the fleet."""
    troubles = Troubles(fleet.faults, fleet.seed)
    devices = [Numbered(sensor_id, _boot(fleet.seed, sensor_id, fleet.first)) for sensor_id in fleet.sensors]
    by_arrival = itemgetter(0)
    left: list[Delivered] = []
    for number, on in enumerate(fleet.dates):
        day = fleet.day_span(on)
        for device in devices:
            trouble = troubles.of(device.sensor_id, on, day, number)
            left += _sent(fleet, device, on, trouble, troubles)
        left.sort(key=by_arrival)
        arrived = next((n for n, one in enumerate(left) if one.at >= day[1]), len(left))
        yield from left[:arrived]
        left = left[arrived:]
    yield from left


def _sent(
    fleet: Fleet, device: Numbered, on: date, trouble: Trouble, troubles: Troubles
) -> Iterator[Delivered]:
    """What one sensor sends on one day, as it arrives."""
    usual = Random(f"{fleet.seed}/way/{device.sensor_id}/{on}")
    ways = troubles.on_the_way(device.sensor_id, on)
    for said, way in zip(_words(fleet, device, on, trouble), ways, strict=False):
        takes = usual.uniform(*USUAL_S)
        for late in way:
            yield Delivered(said.sent_at + timedelta(seconds=takes + late), said)


def _words(fleet: Fleet, device: Numbered, on: date, trouble: Trouble) -> Iterator[Said]:
    """What one sensor says on one day; what it kept through an outage at the end of that."""
    day = fleet.day_span(on)
    sensor_id = device.sensor_id
    present = fleet.truth(sensor_id, on).seen
    if fleet.pir:
        present = sensing.by_movement(Random(f"{fleet.seed}/pir/{sensor_id}/{on}"), present)
    scenario = Scenario(sensor_id, fleet.heartbeat, trouble.seen(present), trouble.dead)
    reboot_at, again_at = trouble.reboot_at, None
    told: bool | None = None
    for at, occupied in scenario.readings(*day):
        if reboot_at is not None and at >= reboot_at:
            device.reboot(_boot(fleet.seed, sensor_id, on, "again"))
            reboot_at = told = None
        says = None if fleet.on_change and occupied is told else occupied
        sent_at, kept = at, within(trouble.unreachable, at)
        if says is None and (kept or fleet.wire in WITHOUT_SIGN):
            continue
        if kept:
            if trouble.wrong_by is None or fleet.wire not in KEEP:
                continue
            again_at = max(trouble.unreachable[-1][1], again_at or at) + ONE_AFTER_THE_OTHER
            sent_at = again_at
        told = occupied
        yield device.said(
            None if trouble.wrong_by is None else at + trouble.wrong_by,
            occupied=says,
            sent_at=sent_at,
            battery_pct=trouble.battery_pct,
            kept=kept,
        )


def _boot(seed: int, *what: object) -> str:
    """Sixteen hexadecimal digits."""
    return f"{Random(f'{seed}/boot/{what}').getrandbits(64):016x}"
