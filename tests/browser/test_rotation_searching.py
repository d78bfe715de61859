"""The month's page answers while a large rotation is searched beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from app.database import create_engine, transaction
from app.demo.office import DOMAIN
from app.people.models import User
from app.people.service import issue_token
from tests.app.rotation.problems import weekdays
from tests.browser.conftest import NINE, WIDE, NewVisitor, Site
from tests.servers.processes import Program
from tests.servers.waiting import wait_until
from tests.servers.web import Client

PEOPLE, DAYS = 120, 44
WATCHED_SECONDS, MOST_SECONDS = 4.0, 2.0  # how long the page is asked for, and how long it may take each time
WHO = "inoue"


def wanted() -> dict[str, Any]:
    """Two months of a large section, whose search takes minutes."""
    random, days = Random(1), [on.isoformat() for on in weekdays(DAYS)]
    members = [
        {
            "id": f"p{number}",
            "unit": f"unit {number % 12}",
            "skills": ["counter"] if number % 5 < 2 else [],
            "caps": {"week": 4, "row": 3},
            "target": random.choice([8, 12, 16]),
            "mondays": {"granted": random.randint(5, 20), "available": 60},
        }
        for number in range(PEOPLE)
    ]
    wishes = [
        {"person": one["id"], "day": day, "state": "home"}
        for one in members
        for day in random.sample(days, 2)
    ]
    covers = [
        {"name": f"counter {unit}", "unit": unit, "skill": "counter", "least": 2}
        for unit in dict.fromkeys(one["unit"] for one in members)
    ]
    return {"days": days, "members": members, "wishes": wishes, "covers": covers, "seats": PEOPLE - 20}


@pytest.fixture
def chiefs_api(served: Site) -> Iterator[Client]:
    engine = create_engine(served.settings["DATABASE_URL"])
    with transaction(engine) as session:
        chief = session.scalars(select(User).where(User.email == f"{WHO}@{DOMAIN}")).one()
        token = issue_token(session, chief, now=NINE - timedelta(minutes=1))
    engine.dispose()
    client = Client(urlsplit(served.address).port or 0, token)
    yield client
    client.close()


@pytest.mark.timeout(120)
def test_the_months_page_answers_while_a_large_rotation_is_searched(
    visitor: NewVisitor, served: Site, chiefs_api: Client
) -> None:
    chief = visitor("ja-JP", WIDE)
    chief.sign_in(WHO)
    asked = chiefs_api.request("POST", "/api/v1/rotations", {"problem": wanted(), "seconds": 300})
    assert asked.status == 201, asked.body
    search = f"/api/v1/rotations/{asked.body['id']}"

    def now() -> Any:
        return chiefs_api.request("GET", search).body

    def is_searched() -> bool:
        """By HiGHS, that is, which has found something."""
        return now()["state"] == "searching" and bool(now()["progress"])

    with Program("jobs", served.folder, served.settings) as jobs:
        try:
            wait_until(is_searched, seconds=60)
            took = []
            ends_at = perf_counter() + WATCHED_SECONDS
            while (began := perf_counter()) < ends_at:
                answer = chief.page.request.get(f"{served.address}/rotation?on=2027-03-01")
                took.append(perf_counter() - began)
                assert answer.ok
                assert "ローテーション" in answer.text()
            assert is_searched()
        finally:
            chiefs_api.request("POST", f"{search}/cancel")
        assert max(took) < MOST_SECONDS, took
        wait_until(lambda: now()["state"] != "searching", seconds=30)
        assert jobs.stop() == 0
