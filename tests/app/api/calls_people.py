"""How the rows on accounts are called, by the matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.test import TestResponse

from tests.app.api.cells import Try
from tests.house import DAY

Call = Callable[[Try], TestResponse]


def on_account(method: str, suffix: str = "", body: Any = None, base: str = "/api/v1/people") -> Call:
    return lambda one: one.actor.call(method, f"{base}/{one.owner_id}{suffix}", body, If_Match=one.version())


def on_page(suffix: str = "", **form: str) -> Call:
    return on_account("POST", suffix, form, base="/office/people")


def reassign(one: Try) -> TestResponse:
    body = {"section_ids": [one.section_id], "from": f"{DAY}"}
    return on_account("PUT", "/sections", body)(one)


def reassign_on_page(one: Try) -> TestResponse:
    return on_page("/sections", section=f"{one.section_id}", from_on=f"{DAY}")(one)


def sign_out(one: Try) -> TestResponse:
    answer = on_page("/sign-out")(one)
    one.actor.epoch += (
        one.owner_id == one.actor.user_id
    )  # who calls it of themselves has signed in anew since
    return answer


# What personnel and IT change, of the accounts that they look after.
KEPT: dict[str, Call] = {
    "PATCH /api/v1/people/<int:user_id>": on_account("PATCH", body={"extension": "1"}),
    "PUT /api/v1/people/<int:user_id>/sections": reassign,
    "POST /api/v1/people/<int:user_id>/leave": on_account("POST", "/leave", {"dry_run": True}),
    "DELETE /api/v1/people/<int:user_id>/leave": on_account("DELETE", "/leave"),
    "POST /office/people/<int:user_id>": on_page(extension="1"),
    "POST /office/people/<int:user_id>/sections": reassign_on_page,
    "POST /office/people/<int:user_id>/leave": on_page("/leave"),
    "POST /office/people/<int:user_id>/stay": on_page("/stay"),
    "POST /office/people/<int:user_id>/return": on_page("/return"),
}
PEOPLE_CALLS: dict[str, Call] = {
    "GET /api/v1/people/<int:user_id>": on_account("GET"),
    "GET /office/people/<int:user_id>": on_account("GET", base="/office/people"),
    **KEPT,
    "POST /office/people/<int:user_id>/tokens": on_page("/tokens", label="x"),
    "DELETE /api/v1/people/<int:user_id>/identity": on_account("DELETE", "/identity"),
    "POST /office/people/<int:user_id>/unbind": on_page("/unbind"),
    "POST /api/v1/people/<int:user_id>/password-code": on_account("POST", "/password-code"),
    "POST /office/people/<int:user_id>/password": on_page("/password"),
    "POST /office/people/<int:user_id>/sign-out": sign_out,
}
