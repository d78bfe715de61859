"""Messages say who did it and why: in the actor's words, in the office's; and what a change left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

import pytest
from flask import Flask
from flask_babel import force_locale

from app import happenings, pipeline
from app.bookings import release, reserve
from app.bookings.models import Booking
from app.bookings.series import service as series
from app.bookings.series.rules import Every, Recurrence, Scope
from app.bookings.service import Words
from app.clock import SteppingClock
from app.database import reading, transaction
from app.letters import event_sentence, headline, sentence
from app.notifications import snapshots
from app.notifications.models import Delivery, Message
from app.spaces import fixed_seats
from app.spaces.barriers import Closing, Outage
from app.spaces.models import Site
from app.working_days import WorkingDays
from tests.app.bookings.rooms import meeting
from tests.app.notifications.desk import EVERYTHING, book_for, choose, messages, telling
from tests.house import DAY, OFFICE, House, at, span
from tests.servers.receivers import Mailbox


@pytest.fixture(autouse=True)
def in_japanese(app: Flask) -> Iterator[None]:
    with app.app_context(), force_locale("ja"):
        yield


def told(house: House, who: str) -> list[str]:
    return [sentence(one.kind, one.data) for one in messages(house, who)]


def test_who_cancels_anothers_booking_is_named_with_their_words_also_to_those_invited(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    booking = meeting(house, "aoki", "baba")
    with transaction(house.engine) as session:
        pipeline.cancel(
            session,
            session.get_one(Booking, booking.id),
            actor=house.people["fujii"],
            now=at("08:10"),
            why="議会対応のため。",
            office=OFFICE,
        )
    telling(app, house, clock).tell()
    expected = "取り消されました: booth、11月24日(火) 10:00–11:00。操作した人: fujii。理由: 議会対応のため。"
    assert told(house, "aoki") == [expected]
    assert told(house, "baba")[-1] == expected


def test_nothing_is_said_of_who_or_why_where_nobody_needs_it(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    choose(house, "aoki", EVERYTHING)
    booking = house.book("aoki", "seat", "10:00", "11:00")
    with transaction(house.engine) as session:
        release.cancel(
            session, session.get_one(Booking, booking.id), actor=house.people["aoki"], now=at("08:10")
        )
    telling(app, house, clock).tell()
    assert told(house, "aoki")[-1] == "取り消されました: seat、11月24日(火) 10:00–11:00。"


def test_a_closure_says_why_to_those_whose_bookings_end_or_are_shortened(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    shortened = house.book("aoki", "seat", "10:00", "15:00")
    cancelled = house.book("baba", "window", "13:00", "15:00")
    with transaction(house.engine) as session:
        site = session.query(Site).one()
        wanted = Closing(site.id, None, span("12:00", "18:00"), "台風接近")
        pipeline.close_office(session, wanted, actor=house.people["fujii"], now=at("08:10"))
    telling(app, house, clock).tell()
    # Of what goes on no change says why; of what was cancelled its reason does.
    assert happenings.why(house.events(shortened)[-1]) == "閉庁のため、台風接近"
    assert happenings.why(house.events(cancelled)[-1]) == "台風接近"
    who = "操作した人: fujii。理由: 閉庁のため(台風接近)。"
    assert told(house, "aoki") == [
        "予約が変更されました: seat、11月24日(火) 10:00–12:00。変更前: 11月24日(火) 10:00–15:00。" + who
    ]
    assert told(house, "baba") == ["取り消されました: window、11月24日(火) 13:00–15:00。" + who]


def test_an_outage_says_from_where_to_where_and_what_is_wrong(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    house.book("aoki", "seat", "10:00", "11:00")
    outage = Outage(house.spaces["seat"], at("08:10"), None, "モニターの故障")
    with transaction(house.engine) as session:
        pipeline.take_out_of_order(session, outage, actor=house.people["fujii"], now=at("08:10"))
    # Told after it was moved once more: each message says what was then.
    with transaction(house.engine) as session:
        (booking,) = session.query(Booking).all()
        assert booking.space_id == house.spaces["bare"]
        reserve.move(
            session, booking, actor=house.people["chiba"], now=at("08:20"), space_id=house.spaces["window"]
        )
    telling(app, house, clock).tell()
    who, why = "操作した人: fujii。", "理由: 席が使用不可になったため(モニターの故障)。"
    assert told(house, "aoki") == [
        f"席がseatからbareに変わりました: 11月24日(火) 10:00–11:00。{who}{why}",
        "予約が変更されました: window、11月24日(火) 10:00–11:00。変更前: bare。操作した人: chiba。",
    ]


def test_a_seat_that_is_kept_for_somebody_never_says_for_whom(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    house.book("aoki", "seat", "10:00", "11:00")
    wanted = fixed_seats.NewFixedSeat(house.spaces["seat"], house.people["baba"].id, DAY, None)
    with transaction(house.engine) as session:
        pipeline.keep_seat(session, wanted, actor=house.people["fujii"], now=at("08:10"))
    telling(app, house, clock).tell()
    (text,) = told(house, "aoki")
    assert text.endswith("操作した人: fujii。理由: 席が利用できなくなったため。")
    assert "baba" not in text


def test_why_stands_on_every_day_of_a_series_that_is_changed_or_cancelled(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    chiba, aoki = house.people["chiba"], house.people["aoki"].id
    ask = series.Ask(
        house.spaces["seat"], span("10:00", "12:00", day=1), Recurrence(Every.DAY, count=3), {}, aoki
    )
    with transaction(house.engine) as session:
        made = series.make(
            session,
            ask,
            actor=chiba,
            calendar=WorkingDays(),
            hours=OFFICE.hours,
            now=at("08:00"),
            possible_ones=False,
        )
        first = made.bookings[0]
        session.expunge_all()
    with transaction(house.engine) as session:
        series.move(
            session,
            session.get_one(Booking, first.id),
            Scope.ALL,
            span("13:00", "14:00", day=1),
            actor=chiba,
            now=at("08:10"),
            words=Words(why="会議の変更"),
        )
    with transaction(house.engine) as session:
        series.cancel(
            session,
            session.get_one(Booking, first.id),
            Scope.FOLLOWING,
            actor=chiba,
            now=at("08:20"),
            why="会議の中止",
        )
    for booking in made.bookings:
        assert [one.data["why"] for one in house.events(booking) if "why" in one.data] == [
            "会議の変更",
            "会議の中止",
        ]
    telling(app, house, clock).tell()
    assert [text.partition("理由: ")[2] for text in told(house, "aoki")[1:]] == [
        "会議の変更。",
        "会議の中止。",
    ]


def test_what_somebody_wrote_stays_out_of_a_chat_and_what_the_office_says_is_in_it(house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "15:00")
    with transaction(house.engine) as session:
        outage = Outage(booking.space_id, at("12:00"), None, "配線工事")
        stored = session.get_one(Booking, booking.id)
        pipeline.take_out_of_order(session, outage, actor=house.people["fujii"], now=at("10:10"))
        release.cancel(session, stored, actor=house.people["chiba"], now=at("10:20"), why="体調不良")
    with reading(house.engine) as session:
        _made, shortened, cancelled = house.events(booking)
        about = session.get_one(Booking, booking.id)
        codes = snapshots.codes_of(session, [shortened], [about])
        texts = [event_sentence(one, snapshots.facts(one, about, codes)) for one in (shortened, cancelled)]
    assert texts[0].endswith("理由: 席が使用不可になったため(配線工事)。")
    assert "体調" not in texts[1]
    assert not any(name in text for text in texts for name in ("fujii", "chiba", "aoki"))


def test_a_reason_of_several_lines_breaks_no_mail(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    booking = book_for(house, "aoki")
    with transaction(house.engine) as session:
        stored = session.get_one(Booking, booking.id)
        release.cancel(
            session, stored, actor=house.people["chiba"], now=at("08:10"), why="一行目\nBcc: x@example.jp"
        )
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert job.send_mail() == 2
    (cancelled,) = [one for one in post_office.mails if one["Subject"].startswith("取り消されました")]
    assert cancelled["Bcc"] is None
    assert cancelled["Subject"] == headline("booking.cancelled", messages(house, "aoki")[-1].data)
    body = cancelled.get_body(("plain",))
    assert body is not None
    assert "理由: 一行目 Bcc: x@example.jp。" in body.get_content()


def test_a_change_of_nothing_is_written_nowhere_and_told_to_nobody(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    booking = book_for(house, "aoki")
    with transaction(house.engine) as session:
        stored = session.get_one(Booking, booking.id)
        reserve.move(
            session,
            stored,
            actor=house.people["chiba"],
            now=at("08:10"),
            span=stored.span,
            space_id=stored.space_id,
            words=Words("打合せ", "念のため"),
        )
    assert house.get(booking).version == booking.version
    assert [one.kind for one in house.events(booking)] == ["booking.made"]


def test_another_title_leaves_all_else_as_it_was(house: House) -> None:
    booking = house.book("aoki", "bare", "09:00", "17:00")
    house.sweep("10:01")
    kept = house.get(booking)
    assert (kept.reason, kept.release_check_at) == ("no_sensor", None)
    with transaction(house.engine) as session:
        reserve.move(
            session,
            session.get_one(Booking, booking.id),
            actor=house.people["aoki"],
            now=at("10:02"),
            words=Words("資料作成"),
        )
    after = house.get(booking)
    assert (after.title, after.reason, after.release_check_at) == ("資料作成", "no_sensor", None)
    assert house.events(booking)[-1].data["changes"] == {"title": ["", "資料作成"]}


def test_a_retry_waits_for_the_end_of_the_quiet_hours(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    choose(house, "aoki", EVERYTHING, (time(22), time(7)))
    post_office.answer = "451 try later"
    book_for(house, "aoki", day=3)
    clock.at = at("21:59")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert job.send_mail() == 0
    (message,) = messages(house, "aoki")
    assert (message.attempts, message.due_at) == (1, at("07:00", day=1))
    post_office.answer = ""
    clock.at = at("03:00", day=1)
    assert job.send_mail() == 0
    clock.at = at("07:00", day=1)
    assert job.send_mail() == 1


def test_what_waited_for_its_server_into_the_quiet_hours_waits_for_their_end(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    choose(house, "aoki", EVERYTHING, (time(22), time(7)))
    book_for(house, "aoki", day=3)
    job = telling(app, house, clock, post_office.url)
    job.tell()
    clock.at = at("23:00")
    assert job.send_mail() == 0
    (message,) = messages(house, "aoki")
    assert (message.status, message.attempts, message.due_at) == (Delivery.DUE, 0, at("07:00", day=1))
    clock.at = at("07:00", day=1)
    assert job.send_mail() == 1


def test_a_message_from_before_is_told_as_it_was_kept() -> None:
    old = Message(kind="booking.moved", data={"space": "B-02", "start": at("10:00").isoformat()})
    assert sentence(old.kind, old.data).startswith("席が別の席からB-02に変わりました")
