"""The kinds of event that can be asked for are those that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import app as product
from app import wording
from app.lots.models import Outcome
from app.notifications.kinds import ASKABLE, KINDS, unknown
from app.notifications.rules import OF_THE_BUILDING
from app.rotation.models import State
from tests.app.bookings.test_walk_in import post, signed_in
from tests.fixtures.web import Api, problem
from tests.house import House

A_KIND = re.compile(r"([a-z_]+)\.[a-z_]+")
FAMILIES = {kind.partition(".")[0] for kind in KINDS}
# What looks like a kind and is none: fields of answers, links, a logger's and a form's names.
NO_KINDS = re.compile(r"(booking|person|space|series)\.(id|reason|span|status|code|name|extension)|.*\.html")


def texts(tree: ast.AST) -> Iterator[str]:
    return (
        one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    )


def recorded(tree: ast.AST) -> Iterator[str]:
    """The kinds that are written out where an event is recorded."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Call) and getattr(one.func, "attr", "") == "record" and len(one.args) > 1:
            yield from texts(one.args[1])
        if isinstance(one, ast.Dict):
            row = {getattr(key, "value", ""): value for key, value in zip(one.keys, one.values, strict=True)}
            if {"kind", "subject"} <= row.keys() and isinstance(row["kind"], ast.Constant | ast.IfExp):
                yield from (text for text in texts(row["kind"]) if A_KIND.fullmatch(text))


def test_every_kind_that_the_code_names_is_known() -> None:
    found: set[str] = set()
    for path in Path(product.__path__[0]).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {one for one in recorded(tree) if not one.endswith(".")}
        found |= {
            one
            for one in texts(tree)
            if (match := A_KIND.fullmatch(one)) and match[1] in FAMILIES and not NO_KINDS.fullmatch(one)
        } - {code.partition("/")[0] for code in wording.REFUSALS}
    ended = {State.FOUND, State.IMPOSSIBLE, State.NOTHING, State.FAILED, State.CANCELLED}
    found |= {f"rotation.{state}" for state in ended}
    found |= {f"lots.{outcome}" for outcome in Outcome if outcome is not Outcome.WAITING}
    assert found - KINDS == set()


def test_what_nothing_will_ever_be_is_found() -> None:
    assert unknown(["*", "booking.*", "booking.made", "webhook_added"]) == []
    wrong = ["boking.*", "booking.maed", "booking", ".*", "booking.re*", "**"]
    assert unknown(wrong) == wrong
    assert {f"{family}.*" for family in OF_THE_BUILDING} <= ASKABLE


@pytest.fixture
def house(sqlite_house: House) -> House:
    return sqlite_house


def test_a_mistyped_kind_is_refused_and_named(app: Flask, api: Api, house: House) -> None:
    body = {"url": "http://127.0.0.1:9/x", "kinds": ["booking.*", "boking.*"]}
    refused = api.call("fujii", "POST", "/webhooks", body, Accept_Language="en")
    assert problem(refused) == (422, "webhook.kind")
    assert refused.get_json()["facts"] == {"kinds": ["boking.*"]}
    assert "event: boking.*." in refused.get_json()["detail"]
    staff = signed_in(app.test_client(), house, "fujii")
    form = {"url": "http://127.0.0.1:9/x", "kinds": "boking.*", "shape": "plain"}
    shown = post(staff, "/office/webhooks", "/office/webhooks", **form).text
    assert "イベントの種類がありません：boking.*" in shown
    assert '<option value="booking.released">' in shown
    assert '<option value="telework.approved">' not in shown
