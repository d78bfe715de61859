"""A webhook whose maker has left: told nothing, until somebody answers for it."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from flask import Flask

from app import events, pipeline
from app.clock import SteppingClock
from app.database import transaction
from app.notifications.models import Webhook
from app.people.models import Role, User
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.notifications.desk import add_hook, book_for, telling
from tests.fixtures.web import Api, problem
from tests.house import House, at
from tests.servers.receivers import Receiver


def become(house: House, who: str, role: Role) -> None:
    with transaction(house.engine) as session:
        session.get_one(User, house.people[who].id).role = role


def leave(house: House, who: str, now: datetime) -> None:
    with transaction(house.engine) as session:
        pipeline.leave(session, house.people[who].id, actor=None, now=now)


def happen(house: House, kind: str, now: datetime) -> None:
    with transaction(house.engine) as session:
        events.record(session, kind, "user:1", at=now)


def test_a_leavers_webhook_is_told_nothing_until_somebody_takes_it_over(
    app: Flask, api: Api, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    hook = add_hook(house, receiver.url, kinds=("*",), by=Role.IT)
    become(house, "baba", Role.IT)
    job = telling(app, house, clock)
    happen(house, "telework.revoked", clock())
    job.tell()
    leave(house, "fujii", clock())
    clock.at = at("09:10")
    happen(house, "telework.conflict", clock())
    job.tell()
    assert job.call_webhooks() == 0
    shown = api.call("baba", "GET", f"/webhooks/{hook.id}").get_json()
    assert shown["maker_left_at"] == at("09:00").isoformat()
    taken = api.call("baba", "POST", f"/webhooks/{hook.id}/take-over").get_json()
    assert (taken["made_by"], taken["maker_left_at"]) == (house.people["baba"].id, None)
    assert (taken["left_out"], taken["since"]) == (1, at("09:00").isoformat())
    happen(house, "telework.corrected", clock())
    job.tell()
    job.call_webhooks()
    told = {json.loads(body)["kind"] for _headers, body in receiver.calls}
    assert "telework.conflict" not in told
    # What waited first; and of what happened since they left nothing, but that it was taken over.
    assert {"telework.revoked", "webhook_taken_over", "telework.corrected"} <= told


def test_a_leavers_webhook_that_was_switched_off_is_called_again_by_taking_it_over(
    app: Flask, api: Api, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    hook = add_hook(house, receiver.url, kinds=("telework.*",), by=Role.IT)
    become(house, "baba", Role.IT)
    with transaction(house.engine) as session:
        failing = session.get_one(Webhook, hook.id)
        failing.disabled_at, failing.failures, failing.failing_since = at("08:30"), 9, at("08:00")
    job = telling(app, house, clock)
    happen(house, "telework.revoked", clock())
    leave(house, "fujii", clock())
    happen(house, "telework.conflict", clock())
    job.tell()
    path = f"/webhooks/{hook.id}"
    assert problem(api.call("baba", "POST", f"{path}/enable")) == (409, "webhook.maker_left")
    staff = signed_in(app.test_client(), house, "baba")
    assert "/enable" not in staff.get("/office/webhooks").text
    taken = api.call("baba", "POST", f"{path}/take-over").get_json()
    assert (taken["disabled_at"], taken["failures"], taken["failing_since"]) == (None, 0, None)
    assert (taken["left_out"], taken["since"]) == (2, at("08:30").isoformat())
    happen(house, "telework.corrected", clock())
    job.tell()
    assert job.call_webhooks() == 1
    assert [json.loads(body)["kind"] for _headers, body in receiver.calls] == ["telework.corrected"]


def test_whoever_was_to_leave_is_a_leaver_before_the_sweep_comes_by(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    add_hook(house, receiver.url)
    book_for(house, "aoki")
    job = telling(app, house, clock)
    job.tell()
    with transaction(house.engine) as session:
        session.get_one(User, house.people["fujii"].id).leaves_at = clock()
    assert job.call_webhooks() == 0


def test_only_a_leavers_webhook_is_taken_over_and_only_by_who_may_hear_what_it_hears(
    api: Api, house: House, clock: SteppingClock
) -> None:
    hook = add_hook(house, "http://127.0.0.1:9/x", kinds=("telework.*",), by=Role.IT)
    path = f"/webhooks/{hook.id}/take-over"
    become(house, "baba", Role.IT)
    assert problem(api.call("baba", "POST", path)) == (409, "webhook.kept")
    leave(house, "fujii", clock())
    become(house, "baba", Role.FACILITY)
    assert problem(api.call("baba", "POST", path)) == (403, "webhook.not_allowed")


def test_the_pages_say_whose_webhooks_are_told_nothing_any_more(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    add_hook(house, "http://chat.example.jp/hooks/SECRET")
    for who, role in (("chiba", Role.PERSONNEL), ("baba", Role.FACILITY)):
        become(house, who, role)
    account = f"/office/people/{house.people['fujii'].id}"
    asked = post(signed_in(app.test_client(), house, "chiba"), account, f"{account}/leave").text
    assert "引き継ぐまで何も送りません：chat.example.jp</p>" in asked
    assert "SECRET" not in asked
    leave(house, "fujii", clock())
    staff = signed_in(app.test_client(), house, "baba")
    assert "11月24日(火)に退職しました" in staff.get("/office/webhooks").text
    done = post(staff, "/office/webhooks", "/office/webhooks/1/take-over").text
    assert "再開しました。" in done
    assert "退職しました" not in done


@pytest.mark.parametrize("when", [None, at("18:00", day=3).isoformat()], ids=["now", "planned"])
def test_leaving_over_http_says_which_hosts_are_told_nothing_any_more(
    api: Api, house: House, when: str | None
) -> None:
    add_hook(house, "http://chat.example.jp/hooks/SECRET")
    become(house, "chiba", Role.PERSONNEL)
    become(house, "fujii", Role.CHIEF)
    asked = {"dry_run": True, "at": when}
    left = api.call("chiba", "POST", f"/people/{house.people['fujii'].id}/leave", asked)
    assert left.get_json()["webhook_hosts"] == ["chat.example.jp"]


def test_the_page_of_whoever_will_leave_says_which_hosts_are_told_nothing_then(
    app: Flask, house: House
) -> None:
    add_hook(house, "http://chat.example.jp/hooks/SECRET")
    become(house, "chiba", Role.PERSONNEL)
    account = f"/office/people/{house.people['fujii'].id}"
    staff = signed_in(app.test_client(), house, "chiba")
    told = "引き継ぐまで何も送りません：chat.example.jp</p>"
    assert told not in staff.get(account).text
    assert told in post(staff, account, f"{account}/leave", at="2026-12-01T18:00").text
