"""What is published of a draw: a commitment beforehand, afterwards all that is needed to repeat it; pure.

The commitment binds whoever keeps the seed: it cannot be chosen once the wishes are known. It does not hide the seed
from whoever can read the database. People stand in the record by a number that is theirs in this draw alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from app.lots.rules import Drawn, Seat, Wish, draw

FORMAT = "akiseki-lots-1"


def commitment(zone: str, on: date, seed: str, nonce: str) -> str:
    """SHA-256, in hexadecimal, of `akiseki-lots-1|zone|day|seed|nonce`: for this zone and day and no other."""
    return sha256("|".join((FORMAT, zone, on.isoformat(), seed, nonce)).encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON in one form only: keys in order, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def inputs_of(seats: Sequence[Seat], wishes: Sequence[Wish]) -> dict[str, Any]:
    """What a draw is computed from, as published; lists in the order of code and number."""
    return {
        "seats": [
            {"code": one.code, "x": one.x, "y": one.y} for one in sorted(seats, key=lambda one: one.code)
        ],
        "wishes": [
            {
                "number": one.number,
                "prefers": list(one.prefers),
                "avoids": sorted(one.avoids),
                "barred": sorted(one.barred),
                "group": one.group,
                "missed": one.missed,
            }
            for one in sorted(wishes, key=lambda one: one.number)
        ],
    }


def result_of(drawn: Sequence[Drawn]) -> list[dict[str, Any]]:
    """What the draw gave, as published, in the order of the lot."""
    return [
        {
            "order": one.order,
            "number": one.number,
            "seat": one.seat,
            "why": one.why.value,
            "choice": one.choice,
            "repeated": one.repeated,
        }
        for one in drawn
    ]


def published(
    *,
    zone: str,
    on: date,
    seed: str,
    nonce: str,
    committed: str,
    inputs: Mapping[str, Any],
    result: Sequence[Any],
) -> dict[str, Any]:
    """The record that anybody can check."""
    return {
        "format": FORMAT,
        "zone": zone,
        "on": on.isoformat(),
        "commitment": committed,
        "seed": seed,
        "nonce": nonce,
        "inputs": dict(inputs),
        "result": list(result),
    }


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether the seed is the one that was committed to, and whether the draw repeated gives the published result."""

    seed_holds: bool
    result_holds: bool

    @property
    def holds(self) -> bool:
        return self.seed_holds and self.result_holds


def check(record: Any) -> Checked:
    """Repeat a draw from its record alone; raises ValueError saying what the record lacks."""
    if not isinstance(record, Mapping) or record.get("format") != FORMAT:
        raise ValueError(f"this is no record of the format {FORMAT}")
    try:
        on = date.fromisoformat(record["on"])
        seed, nonce, zone = (_text(record[name]) for name in ("seed", "nonce", "zone"))
        seats = [Seat(_text(one["code"]), int(one["x"]), int(one["y"])) for one in record["inputs"]["seats"]]
        wishes = [_wish(one) for one in record["inputs"]["wishes"]]
        committed, result = record["commitment"], record["result"]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the record lacks or misstates {error}") from error
    again = result_of(draw(seats, wishes, seed))
    return Checked(
        commitment(zone, on, seed, nonce) == committed,
        canonical(again) == canonical(result),
    )


def _wish(one: Mapping[str, Any]) -> Wish:
    return Wish(
        int(one["number"]),
        tuple(_text(seat) for seat in one["prefers"]),
        frozenset(_text(seat) for seat in one["avoids"]),
        frozenset(_text(seat) for seat in one["barred"]),
        None if one["group"] is None else int(one["group"]),
        int(one["missed"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r}, which should be a text")
    return value
