"""`python -m firmware_stubs.simulator fleet …`: a fleet with days of its own, see `--help`.

`python -m firmware_stubs.simulator FILE`: play a scenario file against a broker, at the pace of its shown clock.

The file: `{"host", "port", "real_start", "shown_start", "speed", "accounts": {sensor: [user, password]},
"sensors": {sensor: {"presence": [[from, to], …], "dead": [[from, to], …]}}}`.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from firmware_stubs.simulator import command
from firmware_stubs.simulator.device import Scenario
from firmware_stubs.simulator.fleet import Fleet

STEP_SECONDS = 0.25


def main(arguments: list[str]) -> None:
    """A fleet, or a file."""
    if arguments[:1] == ["fleet"]:
        command.main(arguments[1:], today=datetime.now(UTC).date())  # noqa: TID251 - a device has a clock
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        play(arguments[0])
    else:
        sys.exit(__doc__)


def play(path: str) -> None:
    """Play a file until stopped."""
    data = json.loads(Path(path).read_text())
    real_start, shown_start = (datetime.fromisoformat(data[name]) for name in ("real_start", "shown_start"))
    scenarios = {sensor_id: Scenario.parse(sensor_id, given) for sensor_id, given in data["sensors"].items()}
    fleet = Fleet(scenarios, data["accounts"], host=data["host"], port=data["port"])
    # The sensors were there before the day began: their first word is a heartbeat old.
    done = shown_start - timedelta(minutes=10)
    try:
        while True:
            now = shown_start + (datetime.now(UTC) - real_start) * data["speed"]  # noqa: TID251 - a device has a clock
            fleet.publish(done, now)
            done = now
            time.sleep(STEP_SECONDS)
    except KeyboardInterrupt:
        pass
    finally:
        fleet.close()


if __name__ == "__main__":
    main(sys.argv[1:])
