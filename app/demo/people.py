"""The people of the sample office: they do what the script says, over HTTP, each with a token of their own."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from flask import Flask
from sqlalchemy.orm import Session

from app.demo.day import Action, Verb
from app.demo.office import DOMAIN, PEOPLE
from app.people import service as people

log = logging.getLogger("akiseki.demo")
# (method, path, token, body) → (status, answer)
Call = Callable[[str, str, str, Mapping[str, Any] | None], tuple[int, Any]]
ANSWER_SECONDS = 10


def tokens(session: Session, *, now: datetime) -> list[str]:
    """A token for each of the sample people, in their order."""
    return [
        people.issue_token(session, people.get_by_email(session, f"{romaji}@{DOMAIN}"), now=now, label="demo")
        for _name, _kana, romaji in PEOPLE
    ]


def over_http(base: str) -> Call:
    """Calls to a server at `base`."""

    def call(method: str, path: str, token: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        request = Request(  # noqa: S310 - the demo's own server
            base + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read() or b"null")
        except HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")
        except URLError as error:
            return 0, {"detail": str(error.reason)}

    return call


def in_process(app: Flask) -> Call:
    """Calls to an application in this process, through its whole HTTP stack."""
    client = app.test_client()

    def call(method: str, path: str, token: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        answer = client.open(path, method=method, json=body, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.get_json(silent=True)

    return call


class Actors:
    """Those who act. What the office refuses is logged: a person would read why and go on."""

    def __init__(self, call: Call, issued: Sequence[str]) -> None:
        self._call = call
        self._tokens = issued
        listed = self._ask("GET", "/api/v1/spaces?limit=200", 0)
        self._spaces = {space["code"]: space["id"] for space in listed["items"]}
        self._plans: dict[str, int] = {}

    def act(self, action: Action) -> None:
        """Do one thing."""
        {
            Verb.BOOK: self._book,
            Verb.CHECK_IN: self._check_in,
            Verb.CLAIM: self._claim,
            Verb.PLAN: self._plan,
            Verb.APPROVE: self._approve,
        }[action.verb](action)

    def _ask(self, method: str, path: str, who: int, body: Mapping[str, Any] | None = None) -> Any:
        status, answer = self._call(method, path, self._tokens[who], body)
        if not 200 <= status < 300:
            log.info("%s: %s %s → %s %s", PEOPLE[who][0], method, path, status, (answer or {}).get("detail"))
            return {}
        return answer

    def _book(self, action: Action) -> None:
        if action.span is None:
            return
        start, end = action.span
        body = {"space_id": self._spaces[action.space], "start": start.isoformat(), "end": end.isoformat()}
        self._ask("POST", "/api/v1/bookings", action.who, body)

    def _check_in(self, action: Action) -> None:
        around = timedelta(hours=1)
        start, end = ((action.at + by).isoformat().replace("+", "%2B") for by in (-around, around))
        listed = self._ask("GET", f"/api/v1/bookings?from={start}&to={end}", action.who)
        for booking in listed.get("items", []):
            if booking["space_id"] == self._spaces[action.space] and booking["status"] in {
                "booked",
                "checked_in",
            }:
                self._ask("POST", f"/api/v1/bookings/{booking['id']}/check-in", action.who)

    def _claim(self, action: Action) -> None:
        self._ask("POST", f"/api/v1/spaces/{self._spaces[action.space]}/claim", action.who)

    def _plan(self, action: Action) -> None:
        half, kind = action.plan.split(":")
        body = {"on": action.at.date().isoformat(), "half": half, "kind": kind}
        answer = self._ask("PUT", "/api/v1/telework/plans", action.who, body)
        if answer:
            self._plans[f"{half}:{action.who}"] = answer["id"]

    def _approve(self, action: Action) -> None:
        if plan_id := self._plans.get(action.plan):
            self._ask("POST", f"/api/v1/telework/plans/{plan_id}/approve", action.who)
