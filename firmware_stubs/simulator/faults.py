"""What goes wrong with sensors and on the way from them; pure.

Each fault has a rate and random numbers of its own: switching one on changes nothing of what the others do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from firmware_stubs.simulator.spans import Span, merged, without

# Of each fault: its usual rate, and what it does.
DESCRIBED: dict[str, tuple[float, str]] = {
    "loss": (0.01, "of the messages never arrive"),
    "duplicates": (0.02, "of the messages arrive twice, the copy up to 90 s later"),
    "reordering": (0.02, "of the messages are up to 60 s late, so that others overtake them"),
    "delay": (0.01, "of a sensor's days have an outage of 5 to 120 min; what it kept comes afterwards"),
    "skew": (0.1, "of the sensors have a clock that is wrong by up to 2 min"),
    "no_clock": (0.1, "of the sensors have no clock; they keep nothing through an outage"),
    "dead": (0.01, "of a sensor's days have 1 to 6 hours of silence"),
    "stuck": (0.005, "of a sensor's days have 1 to 14 hours of occupied, whoever is there"),
    "flapping": (0.005, "of a sensor's days have an hour of occupied and vacant in turns, every 5 to 60 s"),
    "low_battery": (0.02, "of the sensors say that their battery runs down"),
    "reboots": (0.05, "of a sensor's days have a restart: another boot, counted from 1"),
}
LATEST_COPY_S, LATEST_S, WRONG_BY_S = 90.0, 60.0, 120.0


@dataclass(frozen=True, slots=True)
class Faults:
    """The rate of each fault, from 0 to 1."""

    loss: float = 0
    duplicates: float = 0
    reordering: float = 0
    delay: float = 0
    skew: float = 0
    no_clock: float = 0
    dead: float = 0
    stuck: float = 0
    flapping: float = 0
    low_battery: float = 0
    reboots: float = 0

    @classmethod
    def parse(cls, text: str) -> Faults:
        """`none`, `all`, or names with or without a rate: `loss=0.05,dead`. Raises ValueError saying what is wrong."""
        if text == "none":
            return NONE
        if text == "all":
            return USUAL
        given: dict[str, float] = {}
        for part in text.split(","):
            name, _, rate = part.strip().partition("=")
            if name not in DESCRIBED:
                raise ValueError(f"'{name}' is no fault; known: all, none, {', '.join(DESCRIBED)}")
            try:
                given[name] = float(rate) if rate else DESCRIBED[name][0]
            except ValueError:
                raise ValueError(f"the rate of {name} is a number from 0 to 1, not '{rate}'") from None
            if not 0 <= given[name] <= 1:
                raise ValueError(f"the rate of {name} is a number from 0 to 1, not '{rate}'")
        return replace(NONE, **given)


NONE = Faults()
USUAL = Faults(**{name: usual for name, (usual, _what) in DESCRIBED.items()})


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with one sensor on one day. `wrong_by`: its clock; None: it has none."""

    dead: list[Span]
    stuck: list[Span]
    flapping: list[Span]
    unreachable: list[Span]
    reboot_at: datetime | None
    wrong_by: timedelta | None
    battery_pct: int

    def seen(self, present: list[Span]) -> list[Span]:
        """When the sensor says occupied, of when it should."""
        return merged([*without(present, self.unsteady), *self.flapping, *self.stuck])

    @property
    def unsteady(self) -> list[Span]:
        """From the first to the last of the flapping."""
        return [(self.flapping[0][0], self.flapping[-1][1])] if self.flapping else []


class Troubles:
    """The faults of a fleet by sensor and day."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self._faults, self._seed = faults, seed

    def of(self, sensor_id: str, on: date, day: Span, number: int) -> Trouble:
        """Of one sensor on one day: its span, and how many days the fleet has run."""
        reboot = self._struck("reboots", f"{sensor_id}/{on}")
        is_low = self._struck("low_battery", sensor_id) is not None
        has_clock = self._struck("no_clock", sensor_id) is None
        skew = self._struck("skew", sensor_id)
        wrong_by = timedelta(seconds=skew.uniform(-WRONG_BY_S, WRONG_BY_S) if skew else 0)
        return Trouble(
            dead=self._span("dead", sensor_id, on, day, (60, 360)),
            stuck=self._span("stuck", sensor_id, on, day, (60, 840)),
            flapping=self._flapping(sensor_id, on, day),
            unreachable=self._span("delay", sensor_id, on, day, (5, 120)),
            reboot_at=day[0] + timedelta(days=reboot.random()) if reboot else None,
            wrong_by=wrong_by if has_clock else None,
            battery_pct=max(1, 12 - number) if is_low else max(20, 98 - number // 7),
        )

    def on_the_way(self, sensor_id: str, on: date) -> Iterator[tuple[float, ...]]:
        """For each message of a sensor's day: after how many seconds, beside the usual, it arrives: once, never, or a
        second time."""
        loss, copy, late = (
            Random(f"{self._seed}/{name}/{sensor_id}/{on}") for name in ("loss", "duplicates", "reordering")
        )
        rates = self._faults
        while True:
            # As many draws for each message, whatever becomes of it.
            is_lost, (is_copied, copied), (is_late, by) = (
                loss.random() < rates.loss,
                (copy.random() < rates.duplicates, copy.random() * LATEST_COPY_S),
                (late.random() < rates.reordering, late.random() * LATEST_S),
            )
            first = by if is_late else 0.0
            yield () if is_lost else (first, first + copied) if is_copied else (first,)

    def _struck(self, fault: str, whom: str) -> Random | None:
        """The fault's random numbers for a sensor, or a sensor's day, that it strikes."""
        rate: float = getattr(self._faults, fault)
        if not rate:
            return None
        rng = Random(f"{self._seed}/{fault}/{whom}")
        return rng if rng.random() < rate else None

    def _span(
        self, fault: str, sensor_id: str, on: date, day: Span, minutes: tuple[float, float]
    ) -> list[Span]:
        rng = self._struck(fault, f"{sensor_id}/{on}")
        if rng is None:
            return []
        start = day[0] + (day[1] - day[0]) * rng.random()
        return [(start, min(start + timedelta(minutes=rng.uniform(*minutes)), day[1]))]

    def _flapping(self, sensor_id: str, on: date, day: Span) -> list[Span]:
        rng = self._struck("flapping", f"{sensor_id}/{on}")
        if rng is None:
            return []
        at = day[0] + (day[1] - day[0]) * (23 / 24) * rng.random()
        until = at + timedelta(hours=1)
        found = []
        while at < until:
            lasts, pauses = (timedelta(seconds=rng.uniform(5, 60)) for _ in range(2))
            found.append((at, at + lasts))
            at += lasts + pauses
        return without(found, [(day[1], datetime.max.replace(tzinfo=day[1].tzinfo))])
