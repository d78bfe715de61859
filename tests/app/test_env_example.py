"""The operator's template names every setting, and no other."""

import re
from pathlib import Path

from app.settings import PREFIX, READERS, Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
NAMED = re.compile(rf"^#?{PREFIX}(\w+)=(.*)$", re.MULTILINE)
# The demo sets it for its own processes.
INTERNAL = {"CLOCK"}


def test_the_example_names_every_setting_and_no_other() -> None:
    named = {name for name, _value in NAMED.findall(EXAMPLE.read_text())}
    assert named == READERS.keys() - INTERNAL


def test_every_value_in_the_example_can_be_used_as_it_stands() -> None:
    given = {PREFIX + name: value for name, value in NAMED.findall(EXAMPLE.read_text()) if value}
    given[PREFIX + "SECRET_KEY"] = "k" * 32
    assert Settings.from_env(given).timezone.key == "Asia/Tokyo"
