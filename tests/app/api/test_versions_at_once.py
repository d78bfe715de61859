"""Of changes from one version that come at once, one is made; what has begun elsewhere is waited for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from threading import Barrier, Event
from time import sleep
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.database import transaction
from app.spaces import layout, service, zones
from app.spaces.rules import Kind, Opening
from tests.app.api.good import Seeds
from tests.app.api.test_schema import lots, seeds
from tests.app.api.test_versions import HOURS, RESOURCES, send
from tests.fixtures.web import Api
from tests.house import House, at

__all__ = ["lots", "seeds"]


AT_ONCE = (
    "zone",
    "rules of a zone",
    "site",
    "policy",
    "choices",
    "plans of one's own",
    "setting of rotations",
)


@pytest.mark.parametrize("name", AT_ONCE)
def test_of_many_changes_from_one_version_one_is_made(
    app: Flask, api: Api, house: House, seeds: Seeds, name: str
) -> None:
    shown = RESOURCES[name](seeds)
    tag = api.call(shown.who, "GET", shown.path).headers["ETag"]
    line = Barrier(6, timeout=30)

    def ask(_number: int) -> int:
        other = Api(app.test_client(), api.tokens)
        line.wait()
        return send(other, shown, shown.done[0], tag).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(ask, range(6)))
    assert answers == [200] + [412] * 5


def rename(session: Session, seeds: Seeds) -> None:
    layout.change_zone(session, seeds.zone, {"name": "奥"}, actor_id=None, now=at("09:00"))


def invite(session: Session, seeds: Seeds) -> None:
    zones.set_overflow(session, seeds.zone, [], actor_id=None, now=at("09:00"))
    zones.set_guests(session, seeds.zone, [], actor_id=None, now=at("09:00"))


def open_later(session: Session, seeds: Seeds) -> None:
    opening = Opening(time(9), time(17), working_days_only=True)
    zones.set_opening(session, seeds.site, opening, actor_id=None, now=at("09:00"))


def be_strict(session: Session, _seeds: Seeds) -> None:
    service.set_policy(session, Kind.BOOTH, "no_show_grace", "5m", now=at("09:00"), actor_id=None)


@pytest.mark.parametrize(
    ("path", "method", "body", "meanwhile"),
    [
        ("/zones/{zone}", "PATCH", {"name": "窓"}, rename),
        ("/zones/{zone}/rules", "PUT", {"guests": [], "overflow": []}, invite),
        ("/sites/{site}", "PUT", HOURS[0], open_later),
        ("/policies/booth", "PATCH", {"values": {"no_show_grace": "20m"}}, be_strict),
    ],
)
def test_what_somebody_is_about_to_change_elsewhere_is_waited_for(
    app: Flask,
    api: Api,
    house: House,
    seeds: Seeds,
    path: str,
    method: str,
    body: Any,
    meanwhile: Callable[[Session, Seeds], None],
) -> None:
    """On a page, by a command: what has begun before the version is compared is part of it."""
    path = path.format(zone=seeds.zone, site=seeds.site)
    if "rules" in path:
        api.call("fujii", "PUT", path, {"guests": [{"weekday": 1}], "overflow": []})
    tag = api.call("fujii", "GET", path).headers["ETag"]
    begun = Event()

    def ask() -> int:
        begun.set()
        other = Api(app.test_client(), api.tokens)
        address = f"{path}/hours" if "sites" in path else path
        return other.call("fujii", method, address, body, If_Match=tag).status_code

    with ThreadPoolExecutor(1) as pool, transaction(house.engine) as session:
        meanwhile(session, seeds)
        answer = pool.submit(ask)
        begun.wait(30)
        sleep(0.3)
        session.commit()
    assert answer.result(30) == 412
