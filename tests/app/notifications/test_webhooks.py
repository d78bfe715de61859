"""Webhooks: called once, signed, tried again, switched off; they hold back nothing else."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.clock import SteppingClock
from app.database import reading
from app.notifications import webhooks
from app.notifications.models import Delivery, Shape, WebhookCall
from tests.app.notifications.desk import add_hook, book_for, messages, telling
from tests.house import House
from tests.servers.receivers import Mailbox, Receiver


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
    said = dict(part.split("=", 1) for part in headers[webhooks.SIGNATURE].split(","))
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


def test_a_receiver_that_fails_is_called_again_then_switched_off_and_its_keeper_told(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver
) -> None:
    receiver.status = 500
    add_hook(house, receiver.url)
    book_for(house, "aoki")
    book_for(house, "baba", "window")
    job = telling(app, house, clock)
    job.tell()
    for _ in range(8):
        job.call_webhooks()
        job.tell()
        clock.advance(timedelta(hours=13))
    assert len(receiver.calls) == webhooks.OFF_AFTER
    (told,) = [one for one in messages(house, "fujii") if one.kind == "webhook.disabled"]
    assert told.data["url"] == receiver.url


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
    assert (call.status, call.error) == (Delivery.DUE, "answered 302")


def test_a_webhook_that_nobody_answers_holds_back_neither_mail_nor_page(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    add_hook(house, "http://127.0.0.1:9/nobody")
    book_for(house, "aoki")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert job.call_webhooks() == 0
    assert job.send_mail() == 1


@pytest.mark.parametrize("url", ["ftp://host/x", "http://", "javascript:alert(1)", "http://u:p@host/"])
def test_an_address_that_cannot_be_called_is_refused(house: House, url: str) -> None:
    with pytest.raises(Exception, match=r"webhook\.invalid"):
        add_hook(house, url)
