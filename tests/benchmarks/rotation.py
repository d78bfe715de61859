"""Seconds and quality over the ASOCIO instances of a folder, beside a plan made in stages; or of a section's month.

    python -m tests.benchmarks.rotation [FOLDER] [--seconds 25] [--large N]
    python -m tests.benchmarks.rotation --native 45 [--seconds 60]

A JSON line for each instance, by `akiseki rotation solve` as its users call it, the program's start included:

    {"instance", "seconds", "wishes_met", "wishes", "isolated", "desk_changes", "group_days", "groups", "broken",
     "staged": {…the same…} or null}

`broken`: musts that the plan breaks (0 is wanted), counted by a check that shares nothing with the search. `--large`: a
made-up instance of N people instead of a folder. `--native`: a made-up section of N people with every rule and wish of
the product, 22 days long; its line is that of `tests.benchmarks.rotation_native.native`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from app.rotation.asocio import Instance, figures, violations
from tests.benchmarks.rotation_native import native
from tests.benchmarks.rotation_staged import staged

INSTANCES = Path(__file__).parents[1] / "data" / "asocio2025"
SECONDS, SECTION_SECONDS = 25.0, 60.0


def large(people: int, seed: int = 1) -> dict[str, Any]:
    """An instance of the same form, as dense as those of the challenge: 0.6 desks a person, groups of about 8, zones of
    about 9 desks, two or three wished days, eight desks that each may have, mostly of two neighbouring zones."""
    random = Random(seed)
    days = ["L", "Ma", "Mi", "J", "V"]
    names = [f"E{number}" for number in range(people)]
    desks = [f"D{number}" for number in range(people * 3 // 5)]
    zones = {f"Z{number}": desks[number * 9 : number * 9 + 9] for number in range(-(-len(desks) // 9))}
    groups: dict[str, list[str]] = {}
    for number, name in enumerate(names):
        groups.setdefault(f"G{number // 8}", []).append(name)
    near: dict[str, list[str]] = {}
    for number, members in enumerate(groups.values()):
        first = number % len(zones)
        theirs = [*list(zones.values())[first], *list(zones.values())[(first + 1) % len(zones)]]
        for name in members:
            near[name] = sorted({*random.sample(theirs, min(7, len(theirs))), random.choice(desks)})
    return {
        "Employees": names,
        "Desks": desks,
        "Days": days,
        "Groups": list(groups),
        "Zones": list(zones),
        "Desks_Z": zones,
        "Desks_E": near,
        "Employees_G": groups,
        "Days_E": {name: random.sample(days, random.choice([2, 3])) for name in names},
    }


def run(name: str, file: Path, seconds: float) -> dict[str, object]:
    """What the command makes of an instance, and what the stages make of it."""
    began = monotonic()
    command = [sys.executable, "-m", "app", "rotation", "solve", str(file), "--format", "asocio"]
    done = subprocess.run(
        [*command, "--seconds", str(seconds)],
        capture_output=True,
        text=True,
        check=True,
        timeout=10 * seconds,
    )
    took = monotonic() - began
    instance = Instance.parse(json.loads(file.read_text("utf-8")))
    plan = json.loads(done.stdout)["plan"]
    by_hand = staged(instance)
    return {
        "instance": name,
        "seconds": round(took, 1),
        **_judged(instance, plan),
        "staged": _judged(instance, by_hand) if by_hand is not None else None,
    }


def _judged(instance: Instance, plan: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    return {**asdict(figures(instance, plan)), "broken": len(violations(instance, plan))}


def main() -> None:
    """Read the arguments, search, print a line for each instance."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=INSTANCES)
    parser.add_argument("--seconds", type=float, help="how long to search (instances 25, a section 60)")
    parser.add_argument("--large", type=int, default=0, help="a made-up instance of so many people instead")
    parser.add_argument("--native", type=int, default=0, help="a made-up section of so many people instead")
    given = parser.parse_args()
    if given.native:
        print(json.dumps(native(given.native, given.seconds or SECTION_SECONDS)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        files = sorted(given.folder.glob("*.json"))
        if given.large:
            files = [Path(scratch) / f"large{given.large}.json"]
            files[0].write_text(json.dumps(large(given.large)))
        for file in files:
            print(json.dumps(run(file.stem, file, given.seconds or SECONDS)), flush=True)


if __name__ == "__main__":
    main()
