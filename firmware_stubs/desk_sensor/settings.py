"""What a device is told at provisioning, in `/settings.json`; see README.md beside it for each field."""

import json

DEFAULTS = {
    "hold_s": 60,
    "heartbeat_s": 300,
    "on_ms": 300,
    "store": {"folder": "/store", "segments": 32},
    "ntp": {"host": "pool.ntp.org", "port": 123, "retry_ms": 10_000},
    "broker": {"port": 1883, "keepalive_s": 30, "retry_ms": [1_000, 120_000]},
    "battery": None,
}
_NEEDED = ("id", "password", "broker", "input")


def completed(given):
    """The settings with the defaults for what they leave out. Raises ValueError naming what is missing."""
    for name in _NEEDED:
        if not given.get(name):
            raise ValueError("settings.json: " + name + " is missing")
    whole = dict(DEFAULTS)
    for name, value in given.items():
        default = DEFAULTS.get(name)
        if isinstance(default, dict):
            merged = dict(default)
            merged.update(value)
            value = merged  # noqa: PLW2901
        whole[name] = value
    return whole


def load(path="/settings.json"):
    """Read the settings. Raises OSError or ValueError: a device that knows nothing of itself cannot start."""
    with open(path) as file:
        return completed(json.load(file))
