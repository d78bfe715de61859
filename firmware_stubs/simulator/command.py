"""`python -m firmware_stubs.simulator fleet …`: a fleet of any size, on any wire, to a broker or into a file."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from math import isfinite
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from firmware_stubs.simulator.faults import DESCRIBED, NONE, Faults
from firmware_stubs.simulator.publishing import PORTS, CannotPublish, Pace, publish, write
from firmware_stubs.simulator.stream import TOKYO, Fleet, messages, sensor_ids
from firmware_stubs.simulator.wires import WIRES, id_on

MOST_SENSORS, MOST_DAYS = 100_000, 366

USE = """\
faults, each with its usual rate, switched on by name (--faults loss,dead=0.05) or all at once (--faults all):
{faults}

The sensors must be known to the house by these ids; --ids prints them, one a line, as the wire names them.
By default the days lie before today, so that every reading is dated in the past.
"""


def main(arguments: Sequence[str], *, today: date) -> None:
    """Do what the arguments say; a bad one, or a broker that does not take the messages, ends it with one line."""
    parser = _parser()
    given = parser.parse_args(arguments)
    fleet = Fleet(
        sensor_ids(given.sensors, given.prefix),
        given.first or today - timedelta(days=given.days),
        given.days,
        given.seed,
        given.wire,
        given.faults,
        given.pir,
        timedelta(seconds=given.heartbeat),
        given.zone,
        given.on_change,
    )
    if given.to and fleet.wire != "native":
        parser.error("--to writes readings of the native wire; it does not go with another --wire")
    if given.to and (given.rate or given.speed):
        parser.error("--to writes as fast as it can; it does not go with --rate or --speed")
    if given.ids:
        print("\n".join(id_on(fleet.wire, one) for one in fleet.sensors))
    elif given.to:
        _write(parser, given.to, fleet)
    else:
        _publish(parser, given.mqtt, fleet, Pace(given.rate, given.speed))


def _write(parser: argparse.ArgumentParser, path: Path, fleet: Fleet) -> None:
    try:
        written = write(path, messages(fleet))
    except OSError as error:
        parser.exit(1, f"{path}: {error.strerror or error}\n")
    print(f"{written} readings of {len(fleet.sensors)} sensors in {path}")


def _publish(parser: argparse.ArgumentParser, url: SplitResult, fleet: Fleet, pace: Pace) -> None:
    try:
        done = publish(url, messages(fleet), pace)
    except CannotPublish as error:
        parser.exit(1, f"{error}\n")
    except KeyboardInterrupt:
        parser.exit(130, "stopped\n")
    print(f"{done.taken} messages of {len(fleet.sensors)} sensors published")
    if done.refused:
        parser.exit(1, f"{done.refused} more were refused: the account may not write their topics\n")


def _parser() -> argparse.ArgumentParser:
    faults = "\n".join(f"  {name:12} {usual:<6g} {what}" for name, (usual, what) in DESCRIBED.items())
    parser = argparse.ArgumentParser(
        prog="python -m firmware_stubs.simulator fleet",
        description="Days of an office as its sensors tell them: the same for the same seed.",
        epilog=USE.format(faults=faults),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--sensors", type=_whole(1, MOST_SENSORS), default=100, help="how many (100)")
    add("--prefix", type=_prefix, default="desk-", help="what their ids begin with (desk-)")
    add("--days", type=_whole(1, MOST_DAYS), default=1, help="how many (1); at weekends nobody comes")
    add("--first", type=_date, metavar="DATE", help="the first day (so that yesterday is the last)")
    add("--zone", type=_zone, default=TOKYO, help="where a day begins at midnight (Asia/Tokyo)")
    add("--seed", type=int, default=0, help="another seed, another office (0)")
    add("--wire", choices=sorted(WIRES), default="native", help="what the sensors speak (native)")
    add("--faults", type=_faults, default=NONE, help="none, all, or names, see below (none)")
    add("--pir", action="store_true", help="sensors that see movement only: who sits still is not seen")
    add(
        "--on-change",
        action="store_true",
        help="sensors that say their state on change only, else that they live",
    )
    add("--heartbeat", type=_whole(1, 86_400), default=600, metavar="SECONDS", help="(600)")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--mqtt", type=_url, metavar="URL", help="publish to mqtt[s]://user:password@host:port"
    )
    where.add_argument("--to", type=Path, metavar="FILE", help="write the lines that `akiseki replay` reads")
    where.add_argument("--ids", action="store_true", help="print the sensors' ids")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--rate", type=_positive, help="messages per second (as many as the broker takes)")
    pace.add_argument("--speed", type=_positive, help="times as fast as it happened")
    return parser


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(f"a whole number from {least} to {most}, not '{text}'")
        return found

    return read


def _positive(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not isfinite(found) or found <= 0:
        raise argparse.ArgumentTypeError(f"a number above 0, not '{text}'")
    return found


def _prefix(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,56}", text):
        raise argparse.ArgumentTypeError(f"up to 56 letters, digits, '_', '.' and '-', not '{text}'")
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a day such as 2026-11-24, not '{text}'") from None


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"a zone such as Asia/Tokyo, not '{text}'") from None


def _faults(text: str) -> Faults:
    try:
        return Faults.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _url(text: str) -> SplitResult:
    try:
        found = urlsplit(text)
        is_good = found.scheme in PORTS and bool(found.hostname) and found.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise argparse.ArgumentTypeError(f"an address such as mqtt://user:password@host:1883, not '{text}'")
    return found
