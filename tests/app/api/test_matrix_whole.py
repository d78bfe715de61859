"""No route on somebody's data is without its cells in the matrix: what routes take is read from what is served."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.factory import create_app
from app.settings import Settings
from tests.app.api.rows import PERSONAL, ROWS
from tests.app.api.test_matrix import routes

# What names a person, or a thing that is a person's or a section's: in an address, a query, a body or a form.
SOMEBODYS = re.compile(
    r"(\w+_)?(user|person|chief|deputy|section|booking|plan|rotation|swap|entry|wait|series|half_day|message)(_ids?)?"
    r"|absent|approved|token_id"
)
# The names of a form's fields, in the source of a page and of what it calls beside itself.
FIELD = re.compile(
    r'(?:request\.(?:form|values|args)(?:\.get(?:list)?\(|\[)|chosen_ids\(|identifier\()\s*"(\w+)"'
)
EXCEPTIONS = {
    "everybody may know who works here, and in which section": {
        "GET /api/v1/people",
        "GET /api/v1/sections/<int:section_id>",
    },
    "personnel and IT keep all sections and hire into any": {
        "PATCH /api/v1/sections/<int:section_id>",
        "GET /office/sections/<int:section_id>",
        "POST /office/sections/<int:section_id>",
        "GET /office/people",
        "POST /api/v1/people",
        "POST /office/people",
    },
    "personnel makes the rules of all sections": {"POST /api/v1/telework/rules"},
    "the facility staff keep all zones and give fixed seats to anybody": {
        "POST /api/v1/zones",
        "PATCH /api/v1/zones/<int:zone_id>",
        "PUT /api/v1/zones/<int:zone_id>/rules",
        "POST /api/v1/spaces/<int:space_id>/fixed-seat",
        "POST /office/zones",
        "POST /office/zones/<int:zone_id>/change",
        "POST /office/zones/<int:zone_id>/guests",
        "POST /office/zones/<int:zone_id>/guests/remove",
    },
    "the card says who it is: test_at_the_desk, test_walk_in": {
        "POST /api/v1/kiosk/check-in",
        "POST /kiosk/check-in",
    },
    "it answers with one's own, whatever is named": {
        "GET /api/v1/telework/plans",
        "POST /api/v1/messages/<int:message_id>/read",
    },
}


@pytest.fixture(scope="module")
def served() -> Flask:
    return create_app(Settings(database_url="sqlite:////nowhere.db", secret_key="k" * 32))


def test_every_route_that_takes_somebodys_things_is_tried_with_them_or_excepted(served: Flask) -> None:
    excepted = set[str]().union(*EXCEPTIONS.values())
    on_somebodys = {name for name, taken in taken_by(served) if any(map(SOMEBODYS.fullmatch, taken))}
    on_somebodys -= {name for name in on_somebodys if ROWS[name].roles is None}
    assert on_somebodys - PERSONAL.keys() == excepted


def test_what_a_route_takes_is_found_wherever_it_is_said(served: Flask) -> None:
    taken = dict(taken_by(served))
    assert "rotation_id" in taken["POST /rotation/<int:rotation_id>/lock"]  # in the address
    assert "section" in taken["GET /api/v1/rotations/what-if"]  # in the query
    assert "section_ids" in taken["PUT /api/v1/people/<int:user_id>/sections"]  # in the body
    assert {"user_id", "mentor"} <= taken[
        "PUT /api/v1/sections/<int:section_id>/rotation-setting"
    ]  # deep in it
    assert "plan" in taken["POST /telework/withdraw"]  # in a form
    assert "section" in taken["POST /rotation/setting"]  # in a form that a helper reads


def taken_by(app: Flask) -> Iterator[tuple[str, set[str]]]:
    """Of each route the names of what it takes."""
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    for name, method, rule in routes(app):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        operation = document["paths"].get(path, {}).get(method.lower())
        if operation is not None:
            taken = set(_of_operation(operation, document["components"]["schemas"]))
        else:
            taken = _of_page(app.view_functions[rule.endpoint])
        yield name, taken | rule.arguments


def _of_operation(operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    """The parameters, and what is called so anywhere in the body."""
    yield from (one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
    left: list[Any] = [operation.get("requestBody", {})]
    seen = set[str]()
    while left:
        match left.pop():
            case {"$ref": str(to)} if to not in seen:
                seen.add(to)
                left.append(schemas[to.rpartition("/")[2]])
            case dict(part):
                yield from part.get("properties", ())
                left += part.values()
            case list(parts):
                left += parts


def _of_page(view: Any) -> set[str]:
    """The fields that a page reads, itself or by what it calls of the pages' modules."""
    left, sources = [inspect.unwrap(view)], dict[Any, str]()
    while left:
        page = left.pop()
        sources[page] = inspect.getsource(page)
        called = [page.__globals__.get(name) for name in re.findall(r"\b\w+(?=\()", sources[page])]
        helpers = {one for one in called if inspect.isfunction(one) and ".pages" in one.__module__}
        left += {inspect.unwrap(one) for one in helpers} - sources.keys()
    return {field for source in sources.values() for field in FIELD.findall(source)}
