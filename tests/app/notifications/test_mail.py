"""A mail server that is down, full or unknown to us: who waits, who does not, and who sees it."""

from __future__ import annotations

import re
import ssl
from datetime import time, timedelta
from pathlib import Path
from time import monotonic

import pytest
from flask import Flask

from app.clock import SteppingClock
from app.database import reading, transaction
from app.notifications import mail
from app.notifications.models import Delivery
from app.people.models import User
from sensor_gateway.servers import free_port
from tests.app.notifications.desk import EVERYTHING, book_for, choose, messages, telling
from tests.app.test_cli_broker import Authority
from tests.house import House, at
from tests.servers.receivers import Mailbox, dripping, mail_server


def test_one_full_mailbox_stops_no_other_and_is_tried_again_by_itself(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    post_office.refusals["aoki@example.jp"] = "452 4.2.2 mailbox full"
    book_for(house, "aoki")
    book_for(house, "baba", "window")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert job.send_mail() == 1
    full, sent = messages(house)
    assert (full.status, full.attempts, full.due_at) == (Delivery.DUE, 1, at("09:01"))
    assert "mailbox full" in full.error
    assert (sent.status, sent.error) == (Delivery.SENT, "")
    assert job.send_mail() == 0
    post_office.refusals.clear()
    clock.at = at("09:01")
    assert job.send_mail() == 1


def test_an_address_that_no_mail_can_be_written_to_stops_no_other_and_its_row_says_why(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    with transaction(house.engine) as session:
        session.get_one(User, house.people["aoki"].id).email = "青木@example.jp"
        session.get_one(User, house.people["chiba"].id).name = "two\nlines"
    book_for(house, "aoki")
    book_for(house, "chiba", "bare", by="fujii")
    book_for(house, "baba", "window")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert job.send_mail() == 1
    *broken, sent = messages(house)
    assert [one.status for one in broken] == [Delivery.FAILED] * 2
    assert all("no mail can be written" in one.error for one in broken)
    assert sent.status is Delivery.SENT


def test_a_server_that_hangs_up_at_an_address_takes_nothing_now(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    post_office.refusals["aoki@example.jp"] = "421 closing"
    book_for(house, "aoki")
    book_for(house, "baba", "window")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert job.send_mail() == 0
    assert [(one.status, one.attempts) for one in messages(house)] == [(Delivery.DUE, 1), (Delivery.DUE, 0)]


def test_mail_that_does_not_get_out_is_in_the_log_and_in_the_figures(
    app: Flask, house: House, clock: SteppingClock, caplog: pytest.LogCaptureFixture
) -> None:
    def figures() -> list[str]:
        return re.findall(r"^akiseki_mails_\S+ (\S+)$", app.test_client().get("/metrics").text, re.MULTILINE)

    job = telling(app, house, clock, f"smtp://127.0.0.1:{free_port()}")
    assert job.send_mail() == 0
    assert (figures(), caplog.messages) == (["0.0", "0.0"], [])
    book_for(house, "aoki")
    book_for(house, "baba", "window")
    choose(house, "baba", EVERYTHING, (time(8), time(10)))
    job.tell()
    clock.advance(timedelta(minutes=2))
    assert job.send_mail() == 0
    assert [one for one in caplog.messages if "mail waits" in one and "refused" in one]
    assert figures() == ["1.0", "120.0"]


def test_what_was_tried_in_vain_waits_since_it_was_made(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    post_office.refusals = {"aoki@example.jp": "452 full", "baba@example.jp": "550 no baba@example.jp here"}
    book_for(house, "aoki")
    book_for(house, "baba", "window")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    job.send_mail()
    clock.advance(timedelta(seconds=30))
    with reading(house.engine) as session:
        assert mail.waiting(session, clock()) == mail.Waiting(1, at("09:00"))
    (said,) = caplog.messages
    assert "cannot be mailed, now or ever" in said
    assert "baba" not in said


def test_a_server_with_a_certificate_of_the_citys_own_is_believed_where_the_operator_names_it(
    app: Flask, house: House, clock: SteppingClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path / "ca")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*authority.issue("mail"))
    book_for(house, "aoki")
    with mail_server(tls=tls) as box:
        job = telling(app, house, clock, box.url)
        job.tell()
        assert job.send_mail() == 0
        assert "CERTIFICATE_VERIFY_FAILED" in messages(house)[0].error
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.cert))
        assert job.send_mail() == 1


def test_a_server_that_greets_a_letter_at_a_time_is_given_up(
    app: Flask, house: House, clock: SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_S", 0.5)
    book_for(house, "aoki")
    with dripping(b"220 ") as port:
        job = telling(app, house, clock, f"smtp://127.0.0.1:{port}")
        job.tell()
        began = monotonic()
        assert job.send_mail() == 0
    assert monotonic() - began < 10
