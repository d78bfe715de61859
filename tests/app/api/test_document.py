"""The document says of every operation each answer that it can give."""

from typing import Any

import pytest
from flask import Flask

from app.clock import system_clock
from app.factory import create_app
from app.settings import Settings


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    app: Flask = create_app(
        Settings(database_url="sqlite:////nowhere.db", secret_key="k" * 32, clock=system_clock)
    )
    found: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    return found


def test_every_operation_names_its_refusals_one_by_one(paths: dict[str, Any]) -> None:
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            answers = operation["responses"]
            assert "default" not in answers, (method, path)
            assert answers.keys() >= {"401", "403", "429"}, (method, path)
            assert "Retry-After" in answers["429"]["headers"]
            for status, answer in answers.items():
                assert answer["description"], (method, path, status)
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


def test_a_change_of_a_version_asks_for_it_and_a_post_takes_a_key(paths: dict[str, Any]) -> None:
    change = paths["/api/v1/bookings/{booking_id}"]["patch"]
    assert {"404", "409", "412", "422", "428"} <= change["responses"].keys()
    assert ("header", "If-Match") in {(one["in"], one["name"]) for one in change["parameters"]}
    for operations in paths.values():
        if "post" in operations:
            names = {one["name"] for one in operations["post"]["parameters"]}
            assert "Idempotency-Key" in names
            made = next(
                answer for status, answer in operations["post"]["responses"].items() if status.startswith("2")
            )
            assert "Idempotency-Replayed" in made["headers"]


def test_every_list_is_read_in_pages(paths: dict[str, Any]) -> None:
    lists = 0
    for path, operations in paths.items():
        schema = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        name = schema.get("application/json", {}).get("schema", {}).get("$ref", "")
        if name.endswith("List"):
            lists += 1
            asked = {one["name"] for one in operations["get"]["parameters"]}
            assert {"limit", "cursor"} <= asked, path
    assert lists > 15
