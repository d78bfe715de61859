"""Every code that the product can answer with has its words."""

import ast
from pathlib import Path

import pytest
from flask_babel.speaklater import LazyString

from app import wording
from app.boards.rules import Look
from app.boards.service import SHOWN
from app.bookings.rules import Status
from app.http import CODES
from app.occupancy.rules import Occupancy
from app.spaces.rules import Kind
from app.telework.rules import DayClass

APP = Path(__file__).parents[2] / "app"
REFUSING = {"Conflict", "Forbidden", "NotFound", "RuleBroken", "Stale", "problem"}


def raised_codes() -> set[str]:
    """The codes that the source raises or answers."""
    found = set()
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSING:
                found |= {
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                }
    return found


def test_every_code_that_is_raised_has_its_sentence() -> None:
    codes = raised_codes() | set(CODES.values())
    assert "booking.overlap" in codes
    assert codes - wording.REFUSALS.keys() == set()


def given_reasons() -> set[str]:
    """The reasons and flags that the source gives: `reason="…"`, `"reason": "…"` beside a status, `Keep("…")`,
    `Release("…")`, `….flag = "…"`."""
    found = set()
    for node in (node for path in APP.rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call):
            values += [one.value for one in node.keywords if one.arg == "reason"]
            if isinstance(node.func, ast.Name) and node.func.id in {"Keep", "Release"}:
                values += node.args[:1]
        elif isinstance(node, ast.Dict):
            named = {
                one.value: value
                for one, value in zip(node.keys, node.values, strict=True)
                if isinstance(one, ast.Constant)
            }
            values += [named["reason"]] if {"reason", "status"} <= named.keys() else []
        elif isinstance(node, ast.Assign) and "flag" in ast.unparse(node.targets[0]):
            values += [part for part in ast.walk(node.value) if isinstance(part, ast.Constant)]
        found |= {one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found


def test_every_reason_that_is_given_has_its_words() -> None:
    reasons = given_reasons()
    assert {"no_show", "gave_back", "offline", "suspect"} <= reasons
    assert reasons - wording.REASONS.keys() == set()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (Status, wording.STATUSES),
        (Kind, wording.KINDS),
        (Occupancy, wording.OCCUPANCY),
        (DayClass, wording.DAY_CLASSES),
        (Look, wording.LOOKS),
        (SHOWN, wording.HAPPENINGS),
    ],
)
def test_every_value_that_is_shown_has_its_word(values: list[str], words: dict[str, LazyString]) -> None:
    assert set(map(str, values)) == set(words)


def undecodable_reasons() -> set[str]:
    """The reasons that the decoders and the handler give: `Undecodable("…")`, `_integer("…", …)`, a letter's last."""
    found = set()
    for path in (APP.parent / "sensor_gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            values: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in {"Undecodable", "_integer", "_optional_integer"}:
                    values = node.args[:1]
            elif path.name == "handler.py" and isinstance(node, ast.Tuple) and len(node.elts) == 3:
                values = node.elts[2:]
            found |= {
                one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
    return found


def test_every_reason_why_a_message_is_not_taken_has_its_words() -> None:
    assert undecodable_reasons() == set(wording.LETTERS)
