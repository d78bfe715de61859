"""Webhooks: called once, signed, tried again, switched off; they hold back nothing else."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from time import monotonic

import pytest
from flask import Flask
from sqlalchemy import select

from app import events, pipeline
from app.bookings.models import Booking
from app.bookings.service import Words
from app.clock import SteppingClock
from app.database import reading, transaction
from app.notifications import calling, webhooks
from app.notifications.models import Delivery, Shape, Webhook, WebhookCall
from app.notifications.rules import OF_THE_BUILDING
from app.notifications.signing import SIGNATURE
from app.people.models import Role, User
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.notifications.desk import add_hook, book_for, messages, telling
from tests.fixtures.web import Api, problem
from tests.house import OFFICE, House, at, span
from tests.servers.receivers import Mailbox, Receiver, dripping


def calls(house: House) -> list[WebhookCall]:
    with reading(house.engine) as session:
        found = list(session.scalars(select(WebhookCall).order_by(WebhookCall.id)))
        session.expunge_all()
    return found


def test_a_webhook_is_called_once_and_its_signature_holds(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    hook = add_hook(house, receiver.url)
    booking = book_for(house, "aoki")
    job = telling(app, house, clock)
    job.tell()
    assert job.call_webhooks() == 1
    assert job.call_webhooks() == 0
    ((headers, body),) = receiver.calls
    said = dict(part.split("=", 1) for part in headers[SIGNATURE].split(","))
    expected = hmac.new(hook.secret.encode(), said["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(said["v1"], expected)
    assert int(said["t"]) == int(clock().timestamp())
    event = json.loads(body)
    assert (event["kind"], event["subject"]) == ("booking.made", f"booking:{booking.id}")


@pytest.mark.parametrize("shape", [Shape.TEAMS, Shape.SLACK])
def test_a_chat_gets_its_own_form_with_a_sentence(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver, shape: Shape
) -> None:
    add_hook(house, receiver.url, shape=shape)
    book_for(house, "aoki")
    job = telling(app, house, clock)
    job.tell()
    job.call_webhooks()
    ((_headers, body),) = receiver.calls
    said = json.loads(body)
    text = said["text"] if shape is Shape.SLACK else said["attachments"][0]["content"]["body"][0]["text"]
    assert "予約" in text


def hook_now(house: House) -> Webhook:
    with reading(house.engine) as session:
        (hook,) = webhooks.list_webhooks(session)
        session.expunge(hook)
    return hook


def test_a_short_outage_costs_one_call_and_everything_is_told_after_it(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    receiver.status = 503
    add_hook(house, receiver.url)
    for day in range(6):
        book_for(house, "aoki", day=day)
        book_for(house, "baba", "window", day=day)
    job = telling(app, house, clock)
    job.tell()
    for _ in range(5):
        assert job.call_webhooks() == 0
    hook = hook_now(house)
    assert (len(receiver.calls), hook.failures, hook.disabled_at) == (1, 1, None)
    assert (hook.failing_since, hook.probe_at, hook.error) == (at("09:00"), at("09:01"), "HTTP 503")
    book_for(house, "endo", "taxes", by="fujii")
    job.tell()
    clock.at = at("09:01")
    assert job.call_webhooks() == 0
    clock.at = at("09:05")
    assert job.call_webhooks() == 0
    assert len(receiver.calls) == 2
    receiver.status = 200
    clock.at = at("09:06")
    assert job.call_webhooks() == 13
    assert {one.status for one in calls(house)} == {Delivery.SENT}
    hook = hook_now(house)
    assert (hook.failures, hook.failing_since, hook.probe_at, hook.error) == (0, None, None, "")


def test_what_fails_for_a_day_is_switched_off_its_keeper_told_and_what_waited_told_when_it_is_on_again(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    receiver.status = 500
    hook = add_hook(house, receiver.url)
    job = telling(app, house, clock)
    for quarter in range(4 * 24 + 1):
        assert hook_now(house).disabled_at is None
        if quarter % 4 == 0:
            day, where = divmod(quarter // 4, 2)
            book_for(house, ("aoki", "baba")[where], ("seat", "window")[where], day=day)
        clock.at = at("09:00") + quarter * timedelta(minutes=15)
        job.tell()
        job.call_webhooks()
    assert hook_now(house).disabled_at == at("09:00", day=1)
    called = len(receiver.calls)
    job.tell()
    (told,) = [one for one in messages(house, "fujii") if one.kind == "webhook.disabled"]
    assert told.data["url"] == receiver.url
    receiver.status = 200
    assert job.call_webhooks() == 0
    waits = [one for one in calls(house) if one.status is Delivery.DUE]
    with transaction(house.engine) as session:
        webhooks.enable_webhook(session, hook.id, actor_id=house.people["fujii"].id, now=clock())
    clock.advance(timedelta(hours=13))
    assert job.call_webhooks() == len(waits)
    assert len(receiver.calls) == called + len(waits)


def test_one_that_fails_holds_up_no_other(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    add_hook(house, "http://127.0.0.1:9/nobody")
    add_hook(house, receiver.url)
    for day in range(5):
        book_for(house, "aoki", day=day)
    job = telling(app, house, clock)
    job.tell()
    assert job.call_webhooks() == 5
    assert sum(one.attempts for one in calls(house)) == 1 + 5


def test_whatever_goes_wrong_with_one_it_is_its_own_failure_and_told_to_the_log_once(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    poor = add_hook(house, "http://127.0.0.1:9/nobody")
    with transaction(house.engine) as session:
        # As one of before addresses were looked at: its port overflows.
        session.get_one(Webhook, poor.id).url = "http://localhost:99999999999999999999/"
    add_hook(house, receiver.url)
    for day in range(3):
        book_for(house, "aoki", day=day)
    job = telling(app, house, clock)
    job.tell()
    assert job.call_webhooks() == 3
    clock.advance(timedelta(minutes=7))
    assert job.call_webhooks() == 0
    with reading(house.engine) as session:
        seen = session.get_one(Webhook, poor.id)
        assert (seen.failures, seen.failing_since) == (2, at("09:00"))
        assert seen.error.startswith("OverflowError")
    assert [one.exc_info is not None for one in caplog.records if one.name == "akiseki.webhooks"] == [True]


def test_its_keeper_sees_that_it_fails_since_when_and_how_much_waits(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    receiver.status = 503
    add_hook(house, receiver.url)
    for day in range(3):
        book_for(house, "aoki", day=day)
    job = telling(app, house, clock)
    job.tell()
    job.call_webhooks()
    shown = signed_in(app.test_client(), house, "fujii").get("/office/webhooks").text
    assert "11月24日(火) 09:00から1回続けて失敗(直近: HTTP 503)" in shown
    assert "次の呼び出し: 09:01" in shown
    assert "待っている呼び出し: 3件" in shown


def test_a_redirect_is_not_followed(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    receiver.status, receiver.location = 302, "http://127.0.0.1:1/elsewhere"
    add_hook(house, receiver.url)
    book_for(house, "aoki")
    job = telling(app, house, clock)
    job.tell()
    assert job.call_webhooks() == 0
    (call,) = calls(house)
    assert (call.status, call.error) == (Delivery.DUE, "HTTP 302")


def test_a_webhook_that_nobody_answers_holds_back_neither_mail_nor_page(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    add_hook(house, "http://127.0.0.1:9/nobody")
    book_for(house, "aoki")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert job.call_webhooks() == 0
    assert job.send_mail() == 1


@pytest.mark.parametrize(
    "begins", [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_a_webhook_that_answers_a_letter_at_a_time_leaves_the_others_their_turn(
    app: Flask,
    house: House,
    clock: SteppingClock,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    begins: bytes,
) -> None:
    monkeypatch.setattr(calling, "TIMEOUT_S", 0.5)
    with dripping(begins) as port:
        add_hook(house, f"http://127.0.0.1:{port}/slow")
        add_hook(house, receiver.url)
        book_for(house, "aoki")
        job = telling(app, house, clock)
        job.tell()
        began = monotonic()
        assert job.call_webhooks() == 1
        assert monotonic() - began < 10
    assert len(receiver.calls) == 1
    slow, _healthy = calls(house)
    assert (slow.status, slow.error) == (Delivery.DUE, "timed out")


def test_facility_staff_may_have_told_what_is_of_the_building_and_it_all(
    app: Flask, api: Api, house: House
) -> None:
    hook = {"url": "http://127.0.0.1:9/x", "kinds": ["booking.*", "telework.*"]}
    refused = api.call("fujii", "POST", "/webhooks", hook, Accept_Language="en")
    assert problem(refused) == (403, "webhook.not_allowed")
    assert all(family in refused.get_json()["detail"] for family in OF_THE_BUILDING)
    assert refused.get_json()["facts"] == {"kinds": ["telework.*"]}
    families = [f"{family}.*" for family in sorted(OF_THE_BUILDING)]
    assert api.call("fujii", "POST", "/webhooks", hook | {"kinds": families}).status_code == 201
    browser = signed_in(app.test_client(), house, "fujii")
    assert "施設担当が指定できるのは" in browser.get("/office/webhooks").text
    with transaction(house.engine) as session:
        session.get_one(User, house.people["fujii"].id).role = Role.IT
    assert api.call("fujii", "POST", "/webhooks", hook | {"kinds": ["*"]}).status_code == 201
    assert "施設担当が指定できるのは" not in browser.get("/office/webhooks").text


def become(house: House, role: Role) -> None:
    with transaction(house.engine) as session:
        session.get_one(User, house.people["fujii"].id).role = role


def test_what_a_hook_asked_for_before_is_told_only_as_far_as_its_maker_may_hear_it(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    add_hook(house, receiver.url, kinds=("*",), by=Role.IT)
    become(house, Role.FACILITY)
    booking = book_for(house, "aoki")
    with transaction(house.engine) as session:
        pipeline.cancel(
            session,
            session.get_one(Booking, booking.id),
            actor=house.people["chiba"],
            now=at("08:30"),
            why="病気",
            office=OFFICE,
        )
    job = telling(app, house, clock)
    job.tell()
    become(house, Role.IT)
    with transaction(house.engine) as session:
        events.record(session, "sign_in.done", "sign_in:x", at=clock())
    job.tell()
    # What was to be told already is not, once its maker may not hear it any more.
    become(house, Role.FACILITY)
    assert job.call_webhooks() == 2
    assert job.call_webhooks() == 0
    told = [json.loads(body) for _headers, body in receiver.calls]
    assert [one["kind"] for one in told] == ["booking.made", "booking.cancelled"]
    assert "why" not in told[1]["data"]
    assert {one.status for one in calls(house)} == {Delivery.SENT, Delivery.OFF}


@pytest.mark.parametrize(
    ("role", "told"),
    [(Role.FACILITY, {"end_at"}), (Role.IT, {"end_at", "title", "why"})],
)
def test_what_people_meet_for_is_told_to_those_alone_who_hear_all(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver, role: Role, told: set[str]
) -> None:
    add_hook(house, receiver.url, kinds=("booking.changed",), by=role)
    booking = book_for(house, "aoki", "booth")
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        words = Words("産業医面談", "体調のこと")
        pipeline.move(
            session,
            found,
            actor=house.people["aoki"],
            now=at("08:10"),
            span=span("10:00", "11:30"),
            words=words,
            office=OFFICE,
        )
    job = telling(app, house, clock)
    job.tell()
    assert job.call_webhooks() > 0
    bodies = [json.loads(body) for _headers, body in receiver.calls]
    found_in = {name for one in bodies for name in (*one["data"], *one["data"].get("changes", ()))}
    assert found_in & {"end_at", "title", "why"} == told
    assert (role is Role.IT) == ("産業医面談" in json.dumps(bodies, ensure_ascii=False))


def test_who_hears_all_is_told_why_too(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    add_hook(house, receiver.url, kinds=("*",), by=Role.IT)
    with transaction(house.engine) as session:
        events.record(session, "telework.revoked", "user:1", at=clock(), why="議会")
    job = telling(app, house, clock)
    job.tell()
    job.call_webhooks()
    bodies = {json.loads(body)["kind"]: json.loads(body) for _headers, body in receiver.calls}
    assert bodies["telework.revoked"]["data"] == {"why": "議会"}


def test_who_switches_it_on_again_sees_how_much_it_was_not_told(
    app: Flask, api: Api, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    hook = add_hook(house, receiver.url)
    with transaction(house.engine) as session:
        session.get_one(Webhook, hook.id).disabled_at = at("07:30")
    for day in range(3):
        book_for(house, "aoki", day=day)
    job = telling(app, house, clock)
    job.tell()
    book_for(house, "baba", "window")
    answer = api.call("fujii", "POST", f"/webhooks/{hook.id}/enable").get_json()
    assert (answer["left_out"], answer["since"]) == (3, at("07:30").isoformat())
    job.tell()
    assert job.call_webhooks() == 1
    with transaction(house.engine) as session:
        session.get_one(Webhook, hook.id).disabled_at = at("07:30")
    browser = signed_in(app.test_client(), house, "fujii")
    shown = post(browser, "/office/webhooks", f"/office/webhooks/{hook.id}/enable")
    assert "11月24日(火) 07:30から伝えていないイベント: 3件" in shown.text


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://host/x", "http://", "http://[", "javascript:alert(1)", "http://u:p@host/"),
        *("http://host:99999999999999999999/", "http://host:65536/", "http://host:0/", "http://host:-1/"),
    ],
)
def test_an_address_that_cannot_be_called_is_refused(house: House, url: str) -> None:
    with pytest.raises(Exception, match=r"webhook\.invalid"):
        add_hook(house, url)
