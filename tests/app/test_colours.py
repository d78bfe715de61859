"""Whatever is written can be read: WCAG AA contrast of the sheet's colours, in the light and in the dark."""

import re
from itertools import chain
from pathlib import Path

import pytest

SHEET = (Path(__file__).parents[2] / "app/static/akiseki.css").read_text()
ROOT = re.compile(r":root \{(.*?)\}", re.DOTALL)
COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6})")
TEXT, SHAPE = 4.5, 3.0
LOOKS = ("free", "used", "booked", "yours", "silent", "other", "broken")
WRITTEN = (
    *(("ink", ground) for ground in ("paper", "card", "accent-soft")),
    *(("muted", ground) for ground in ("paper", "card")),
    *(("accent", ground) for ground in ("paper", "card", "accent-soft")),
    ("accent-ink", "accent"),
    ("card", "ink"),
    *((f"{look}-ink", look) for look in LOOKS),
    *chain.from_iterable(((kind, f"{kind}-soft"), (kind, "card")) for kind in ("error", "done")),
)
# A space's outline tells its look from the floor, an input's from the card; the others' are named in text alone.
DRAWN = (
    *((f"{look}-line", "paper") for look in LOOKS if look != "other"),
    ("line-strong", "card"),
    ("accent", "paper"),
    ("accent", "card"),
)


def palettes() -> dict[str, dict[str, str]]:
    light, dark = (dict(COLOUR.findall(block)) for block in ROOT.findall(SHEET))
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_contrast_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("over", "ground", "least"),
    [*((*pair, TEXT) for pair in WRITTEN), *((*pair, SHAPE) for pair in DRAWN)],
)
def test_text_and_shapes_stand_out(over: str, ground: str, least: float, scheme: str) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[over], palette[ground]) >= least
