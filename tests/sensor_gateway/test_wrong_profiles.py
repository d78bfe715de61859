"""A mistake in a profile is told with the file's name, before anything is read by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sensor_gateway import profiles
from sensor_gateway.profiles import ProfileError, load

PARTS = 'models = ["M"]\n[bytes]\nlayout = "{}"\nfields = [{{ {} }}]'

# One byte of two meanings.
BLIND = """
models = ["M"]
decoded = ["fault"]
unclear = {{ {}, fault = true }}
{}
[[occupancy]]
field = "bit_1"
values = {{ 1 = true, 0 = false }}
[[zones]]
field = "bit_{{n}}"
values = {{ 1 = true, 0 = false }}
[bytes]
layout = "fixed"
fields = [{{ length = 1, bits = "bit_{{n}}" }}]
"""

# Of one field that is read from bytes, and of others that are asked for.
SEEING = 'models = ["M"]\n{}\n[bytes]\nlayout = "fixed"\nfields = [{{ length = 1, bits = "bit_{{n}}" }}]'


def test_of_several_words_for_somebody_there_one_that_bytes_tell_is_enough(tmp_path: Path) -> None:
    """The others are a server's, who decodes."""
    asked = "".join(f'[[occupancy]]\nfield = "{name}"\ncount = true\n' for name in ("pir", "bit_1"))
    (tmp_path / "m.toml").write_text(SEEING.format(asked))
    assert load(tmp_path).named("M")


@pytest.mark.parametrize(("content", "occupied"), [("00", False), ("01", True), ("81", None), ("80", None)])
def test_a_byte_may_say_two_things_and_bits_are_counted_from_1(
    tmp_path: Path, content: str, occupied: bool | None
) -> None:
    (tmp_path / "m.toml").write_text(BLIND.format("bit_8 = 1", ""))
    profile = load(tmp_path).named("M")
    assert profile
    told = profile.read(profile.fields_of(bytes.fromhex(content), None) or {})
    assert told
    assert (told.occupied, told.kind) == (occupied, "fault" if occupied is None else "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("models = 3", "models must be a list"),
        ("[[occupancy]]", "'models' is missing"),
        ('models = ["-"]', "no model's name"),
        ('models = ["M"]\n[[occupancy]]\nfield = "f"', "neither values nor count"),
        ('models = ["M"]\n[[ocupancy]]\nfield = "f"', "nothing is called ocupancy"),
        (
            'models = ["M"]\n[timing]\nheartbeat_s = 0',
            "heartbeat_s of timing must be a whole number of seconds from 1",
        ),
        ('models = ["M"]\nport = "85"', "port must be a LoRaWAN port"),
        ('models = ["M"]\nrequires = "occupancy"', "requires must be a list of texts"),
        ('models = ["M"]\noccupancy = 3', "occupancy must be a list of tables, each begun by [[occupancy]]"),
        ('models = ["M"]\n[[occupancy]]\nfield = "f"\ncount = 1', "count of occupancy must be true or false"),
        (
            'models = ["M"]\n[[occupancy]]\nfield = "f"\nvalues = { 0 = "vacant" }',
            "true, false or one of pending",
        ),
        ('models = ["M"]\n[[occupancy]]\nfield = "f"\nvalues = { 0 = 1 }', "true, false or one of pending"),
        ('models = ["M"]\n[[occupancy]]\nfield = "f_{n}"\ncount = true', "{n} is for zones"),
        ('models = ["M"]\n[[occupancy]]\nvalues = { 1 = true }', "'field' of occupancy is missing"),
        ('models = ["M"]\n[zones]\nfield = "region_{m}"\ncount = true', "only {n} may stand"),
        ('models = ["M"]\n[zones]\nfield = "region_{"\ncount = true', "only {n} may stand"),
        ('models = ["M"]\n[zones]\nfield = "region"\ncount = true', "{n} must stand in it"),
        ('models = ["M"]\n[zones]\nfield = "a_{n}"\nfirst = 0\ncount = true', "are for a list"),
        ('models = ["M"]\n[battery]\nfield = "b"\nscale = "x"', "scale of battery must be a number"),
        ('models = ["M"]\n[battery]\nfield = "b"\nempty = 2', "empty and full go together"),
        ('models = ["M"]\n[battery]\nfield = "b"\nempty = 2\nfull = 2', "empty must be less than full"),
        ('models = ["M"]\n[battery]\nvolts = true', "'field' of battery is missing"),
        (
            'models = ["M"]\n[bytes]\nlayout = "channel"',
            "layout of bytes must be one of channels, types, fixed",
        ),
        ('models = ["M"]\n[bytes]\norder = "big"', "'layout' of bytes is missing"),
        (
            'models = ["M"]\n[bytes]\nlayout = "fixed"\norder = "middle"',
            "order of bytes must be big or little",
        ),
        (
            PARTS.format("types", "type = 1, length = -1"),
            "length of a field of bytes must be a whole number from 1",
        ),
        (PARTS.format("types", "length = 1"), "type of {'length': 1} missing"),
        (PARTS.format("channels", "type = 1"), "channel of {'type': 1} missing"),
        (PARTS.format("fixed", "type = 1"), "has a tag"),
        (PARTS.format("types", "type = 256"), "type of a field of bytes must be a number from 0 to 255"),
        (PARTS.format("types", 'type = 1, length = 3, names = ["a", "b"]'), "cannot be shared"),
        (PARTS.format("types", "type = 1, parts = [{ length = 2 }]"), "longer than its length"),
        (PARTS.format("types", "type = 1, where = { x = 1 }"), "no place of a byte"),
        (PARTS.format("types", "type = 1, where = { 1 = 300 }"), "which byte stands where"),
        (PARTS.format("types", 'type = 1, bits = "a"'), "{n} must stand in it"),
        (
            'models = ["M"]\n[timing]\nheartbeat = 60',
            "nothing of timing is called heartbeat: it may hold heartbeat_s, own_hold_s",
        ),
        ('models = ["M"]\n[timing]\nholds_itself = 1', "holds_itself of timing must be true or false"),
        (
            'models = ["M"]\n[bytes]\nlayout = "fixed"\nwhere = { 1 = 2 }',
            "nothing of bytes is called where: it belongs to a field of bytes",
        ),
        (
            'models = ["M"]\n[[occupancy]]\nfield = "f"\ncount = true\nport = 6',
            "nothing of occupancy is called port: it belongs to the profile itself, above its first table",
        ),
        (
            BLIND.format("error = 1", ""),
            "unclear asks for error, and no field of bytes is called so; there are ",
        ),
        (BLIND.format('"bit_9" = 1', ""), "there are bit_1, bit_2"),
        (SEEING.format('[[occupancy]]\nfield = "bit1"\ncount = true'), "occupancy asks for bit1,"),
        (SEEING.format('[[zones]]\nfield = "seat_{n}"\ncount = true'), "zones asks for seat_1,"),
        ("models = [", "Invalid value"),
    ],
)
def test_a_wrong_profile_says_which_file_and_why(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "broken.toml").write_text(text)
    with pytest.raises(ProfileError, match=rf"broken\.toml.*{re.escape(why)}") as told:
        load(tmp_path)
    assert str(Path(profiles.__file__)) in str(told.value)  # where all is written down
