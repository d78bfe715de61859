"""The native wire: `akiseki/v1/{sensor}/reading`. What was kept is told as it would have been, with its own time."""

from __future__ import annotations

from firmware_stubs.simulator.wires.said import Said, compact, rfc_3339


def encode(said: Said) -> tuple[str, bytes]:
    """A reading; without a clock it has no `observed_at`."""
    return f"akiseki/v1/{said.sensor_id}/reading", compact(fields(said))


def fields(said: Said) -> dict[str, object]:
    """A reading's fields."""
    return {
        "boot": said.boot,
        "seq": said.seq,
        "observed_at": rfc_3339(said.at) if said.at else None,
        "occupied": said.occupied,
        "battery_pct": said.battery_pct,
    }
