"""How the rows on a section's rotations are called, by the matrix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from werkzeug.test import TestResponse

from tests.app.api.cells import Try
from tests.house import DAY

Call = Callable[[Try], TestResponse]
# A day on which nobody works: what is asked of it is refused before anything is searched.
SATURDAY = DAY + timedelta(days=4)
DAYS = f"from={SATURDAY}&to={SATURDAY}"
NAMES = {"aoki": "総務課", "baba": "総務課", "endo": "税務課"}


def on_rotation(method: str, suffix: str = "", body: Any = None, base: str = "/api/v1/rotations") -> Call:
    return lambda one: one.actor.call(method, f"{base}/{one.rotation()}{suffix}", body)


def on_swap(suffix: str = "", body: Any = None, base: str = "/api/v1/rotations") -> Call:
    return lambda one: one.actor.call("POST", f"{base}/swaps/{one.swap()}{suffix}", body)


def of_section(method: str, path: str, body: Callable[[Try], Any] = lambda _one: None) -> Call:
    """`path` with the owner's section in it."""
    return lambda one: one.actor.call(method, path.format(section=one.section_id), body(one))


def named_on(path: str) -> Call:
    """A page that shows the asker's own section instead of one that is not theirs."""

    def call(one: Try) -> TestResponse:
        shown = of_section("GET", path)(one)
        if shown.status_code == 200 and NAMES[one.owner] not in shown.text:
            shown.status_code = 403
        return shown

    return call


def locked(one: Try) -> dict[str, Any]:
    return {
        "section": one.section_id,
        "user_id": one.owner_id,
        "on": f"{SATURDAY}",
        "half": "am",
        "kind": "home",
    }


def absent(one: Try) -> dict[str, Any]:
    return {"user_id": one.owner_id, "on": f"{DAY}", "person_id": one.owner_id}


def ask_swap(one: Try) -> TestResponse:
    return on_rotation("POST", "/swaps", absent(one))(one)


def swaps_of(one: Try) -> TestResponse:
    return on_rotation("GET", f"/swaps?user_id={one.owner_id}&on={DAY}")(one)


# By the id of a rotation.
OF_ONE: dict[str, Call] = {
    "GET /api/v1/rotations/<int:rotation_id>": on_rotation("GET"),
    "POST /api/v1/rotations/<int:rotation_id>/cancel": on_rotation("POST", "/cancel"),
    "POST /api/v1/rotations/<int:rotation_id>/publish": on_rotation("POST", "/publish"),
    "POST /api/v1/rotations/<int:rotation_id>/withdraw": on_rotation("POST", "/withdraw"),
    "GET /api/v1/rotations/<int:rotation_id>/swaps": swaps_of,
    "POST /api/v1/rotations/<int:rotation_id>/swaps": ask_swap,
    "GET /rotation/<int:rotation_id>/progress": on_rotation("GET", "/progress", base="/rotation"),
    "GET /rotation/<int:rotation_id>/publish": on_rotation("GET", "/publish", base="/rotation"),
    **{
        f"POST /rotation/<int:rotation_id>/{verb}": on_rotation("POST", f"/{verb}", {}, base="/rotation")
        for verb in ("cancel", "lock", "publish", "swaps", "withdraw")
    },
}
ROTATION_CALLS: dict[str, Call] = {
    **OF_ONE,
    "POST /api/v1/rotations/swaps/<int:swap_id>/accept": on_swap("/accept"),
    "POST /api/v1/rotations/swaps/<int:swap_id>/decline": on_swap("/decline"),
    "POST /rotation/swaps/<int:swap_id>": on_swap(body={"verb": "decline"}, base="/rotation"),
    "GET /api/v1/rotations": of_section("GET", "/api/v1/rotations?section={section}"),
    "POST /api/v1/rotations": of_section(
        "POST",
        "/api/v1/rotations",
        lambda one: {"section": one.section_id, "from": f"{SATURDAY}", "to": f"{SATURDAY}"},
    ),
    "GET /api/v1/rotations/locks": of_section("GET", "/api/v1/rotations/locks?section={section}&" + DAYS),
    "PUT /api/v1/rotations/locks": of_section("PUT", "/api/v1/rotations/locks", locked),
    "GET /api/v1/rotations/what-if": of_section("GET", "/api/v1/rotations/what-if?section={section}&" + DAYS),
    "GET /api/v1/sections/<int:section_id>/rotation-setting": of_section(
        "GET", "/api/v1/sections/{section}/rotation-setting"
    ),
    "PUT /api/v1/sections/<int:section_id>/rotation-setting": of_section(
        "PUT", "/api/v1/sections/{section}/rotation-setting", lambda _one: {}
    ),
    "GET /rotation": named_on("/rotation?section={section}"),
    "POST /rotation": of_section(
        "POST", "/rotation", lambda one: {"section": one.section_id, "on": f"{DAY - timedelta(days=60)}"}
    ),
    "GET /rotation/seats": named_on("/rotation/seats?section={section}"),
    "GET /rotation/seats/answer": of_section("GET", "/rotation/seats/answer?section={section}&" + DAYS),
    "GET /rotation/setting": of_section("GET", "/rotation/setting?section={section}"),
    "POST /rotation/setting": of_section("POST", "/rotation/setting?section={section}", lambda _one: {}),
}
