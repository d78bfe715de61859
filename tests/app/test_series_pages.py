"""Series, absences and outages in the browser: shown first, done when confirmed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.bookings import attendees
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.people.models import User
from app.spaces.models import Space, SpaceOutage
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.test_pages_words import form_of
from tests.house import DAY, House, at


@pytest.fixture
def client(app: Flask, house: House) -> FlaskClient:
    return signed_in(app.test_client(), house, "aoki")


def booked(house: House) -> list[Booking]:
    with reading(house.engine) as session:
        found = list(session.scalars(select(Booking).order_by(Booking.start_at)))
        session.expunge_all()
    return found


def form(house: House, **more: str) -> dict[str, Any]:
    return {
        "space_id": str(house.spaces["seat"]),
        "date": DAY.isoformat(),
        "from": "10:00",
        "to": "12:00",
        "repeat": "day",
        "repeat_until": "2026-11-27",
        **more,
    }


def test_a_series_shows_every_day_and_books_the_possible_ones_when_confirmed(
    client: FlaskClient, house: House
) -> None:
    house.book("baba", "seat", "11:00", "12:00", day=1)
    shown = post(client, "/bookings", "/bookings", **form(house)).text
    assert "4日のうち3日を予約できます" in shown
    assert len(booked(house)) == 1
    done = post(client, "/bookings", "/bookings", **form(house, confirmed="1")).text
    assert "3日分を予約しました" in done
    mine = [one for one in booked(house) if one.user_id == house.people["aoki"].id]
    assert [one.start_at for one in mine] == [at("10:00", day=n) for n in (0, 2, 3)]
    post(client, "/bookings", f"/bookings/{mine[1].id}/cancel-series", scope="following")
    assert [house.get(one).status for one in mine] == [Status.BOOKED, Status.CANCELLED, Status.CANCELLED]


def test_the_days_that_were_lost_between_looking_and_booking_are_named(
    client: FlaskClient, house: House
) -> None:
    house.book("baba", "seat", "11:00", "12:00", day=1)
    shown = post(client, "/bookings", "/bookings", **form(house)).text
    seen = re.findall(r'name="shown" value="([^"]+)"', shown)
    assert seen == [at("10:00", day=n).isoformat() for n in (0, 2, 3)]
    house.book("chiba", "seat", "11:00", "12:00", day=3)
    done = post(client, "/bookings", "/bookings", **form(house, confirmed="1") | {"shown": seen}).text
    assert "2日分を予約しました" in done
    lost = "その間に予約できなくなった日があります：11月27日(金)。"
    assert lost in done
    assert "11月25日" not in done.split(lost)[1].split("</p>")[0]
    house.book("chiba", "window", "10:00", "12:00", day=7)
    again = form(house, date="2026-12-01", repeat_until="2026-12-01", space_id=str(house.spaces["window"]))
    gone = post(
        client, "/bookings", "/bookings", **again, confirmed="1", shown=at("10:00", day=7).isoformat()
    ).text
    assert "何も予約していません" in gone
    assert "12月1日(火)" in gone


def test_who_books_all_days_has_all_of_them_or_none(client: FlaskClient, house: House) -> None:
    shown = post(client, "/bookings", "/bookings", **form(house)).text
    assert 'name="confirmed" value="all"' in shown
    house.book("chiba", "seat", "11:00", "12:00", day=3)
    again = post(client, "/bookings", "/bookings", **form(house, confirmed="all")).text
    assert "何も予約していません" in again
    assert "4日のうち3日を予約できます" in again
    assert 'name="confirmed" value="possible"' in again
    assert len(booked(house)) == 1
    fewer = form(house, repeat_until="2026-11-26")
    assert "3日分を予約しました" in post(client, "/bookings", "/bookings", **fewer, confirmed="all").text


@pytest.mark.parametrize("which", ["all", "possible"])
def test_who_confirms_twice_is_told_that_the_days_are_booked(
    client: FlaskClient, house: House, which: str
) -> None:
    post(client, "/bookings", "/bookings", **form(house, confirmed=which))
    again = post(client, "/bookings", "/bookings", **form(house, confirmed=which)).text
    assert "これらの日はすでに予約されています" in again
    assert "何も予約していません" not in again
    assert len(booked(house)) == 4


def test_who_confirms_a_series_of_closed_days_alone_is_not_told_that_they_are_booked(
    client: FlaskClient, house: House
) -> None:
    closed = form(house, repeat="dates", dates="2026-11-28", confirmed="possible")
    assert "すでに予約されています" not in post(client, "/bookings", "/bookings", **closed).text
    assert booked(house) == []


def test_several_weekdays_are_ticked_and_stay_ticked_until_they_are_booked(
    client: FlaskClient, house: House
) -> None:
    page = client.get(f"/floors/{house.floor_id}?space={house.spaces['seat']}").text
    assert page.count('name="weekday"') == 7
    asked = form(house, repeat="week", repeat_until="2026-12-04") | {"weekday": ["1", "3"]}
    shown = post(client, "/bookings", "/bookings", **asked).text
    assert "4日のうち4日を予約できます" in shown
    assert re.findall(r'name="weekday" value="(\d)"', shown) == ["1", "3"]
    post(client, "/bookings", "/bookings", **asked, confirmed="1")
    assert [one.start_at for one in booked(house)] == [at("10:00", day=n) for n in (0, 2, 7, 9)]


@pytest.mark.parametrize("repeat", ["", "day", "week"])
def test_ticked_weekdays_mean_every_week_on_these(client: FlaskClient, house: House, repeat: str) -> None:
    asked = form(house, repeat=repeat, weekday="4", repeat_until="2026-12-04", confirmed="1")
    post(client, "/bookings", "/bookings", **asked)
    assert [one.start_at for one in booked(house)] == [at("10:00", day=n) for n in (3, 10)]
    post(client, "/bookings", "/bookings", **form(house, repeat=repeat, weekday="9", confirmed="1"))
    assert len(booked(house)) == 2


def test_a_change_of_all_that_one_day_refuses_names_the_day(client: FlaskClient, house: House) -> None:
    post(client, "/bookings", "/bookings", **form(house, confirmed="1"))
    first = booked(house)[0]
    house.book("baba", "seat", "14:00", "15:00", day=2)
    change = {"version": str(first.version), "date": DAY.isoformat(), "from": "13:00", "to": "15:00"}
    refused = post(client, "/bookings", f"/bookings/{first.id}/change", **change, scope="all").text
    assert "11月26日(木) 13:00：" in refused
    assert house.get(first).start_at == at("10:00")


def test_a_series_that_goes_to_other_days_says_which_it_left_out(client: FlaskClient, house: House) -> None:
    post(client, "/bookings", "/bookings", **form(house, confirmed="1"))
    first, *_middle, last = booked(house)
    change = {"version": str(first.version), "from": "10:00", "to": "12:00", "scope": "all"}
    done = post(
        client, "/bookings", f"/bookings/{first.id}/change", **change, date="2026-11-25", attendees=""
    ).text
    assert "変更しました。変更後の日が閉庁日などに当たる予約は取り消しました：11月28日(土)。" in done
    assert house.get(last).status is Status.CANCELLED
    assert (
        "繰り返し予約の変更後の日が閉庁日などに当たるため" in client.get(f"/bookings/{last.id}/history").text
    )
    assert house.get(first).start_at == at("10:00", day=1)


def test_chosen_days_are_typed_and_closed_ones_left_out(client: FlaskClient, house: House) -> None:
    chosen = form(house, repeat="dates", dates="2026-11-25, 2026/11/28　２０２６年１２月１日")
    shown = post(client, "/bookings", "/bookings", **chosen).text
    assert "3日のうち2日を予約できます" in shown
    assert "予約できる日だけ予約する" in shown
    left = re.sub(r"<[^>]+>|\s", "", shown.partition("11月28日(土)</th>")[2].partition("</tr>")[0])
    assert left == "––対象外その日は閉庁日です。–"
    post(client, "/bookings", "/bookings", **chosen, confirmed="1")
    assert [one.start_at for one in booked(house)] == [at("10:00", day=n) for n in (1, 7)]
    wrong = post(client, "/bookings", "/bookings", **form(house, repeat="dates", dates="明日"))
    assert "2026-12-01, 2026-12-08 のように" in wrong.text


def test_days_before_the_first_and_past_the_end_are_shown_as_left_out(
    client: FlaskClient, house: House
) -> None:
    chosen = form(house, repeat="dates", dates="2026-11-20, 2026-11-25, 2028-01-05")
    shown = post(client, "/bookings", "/bookings", **chosen).text
    assert "3日のうち1日を予約できます" in shown
    assert re.findall(r'<th scope="row">(.*?)</th>', shown) == [
        "11月20日(金)",
        "11月25日(水)",
        "2028年1月5日(水)",
    ]
    assert re.findall(r"対象外</span> (.*?)</td>", shown) == [
        "最初の日より前の日です。",
        "1年以上先の日です。",
    ]
    far = post(client, "/bookings", "/bookings", **form(house, repeat_until="2028-01-05")).text
    assert re.findall(r'<th scope="row">(.*?以降)</th>', far) == ["4月23日(金)以降"]
    assert "100日のうち" in far


def test_closed_days_are_booked_where_the_form_says_so(client: FlaskClient, house: House) -> None:
    saturday = form(house, repeat="", weekday="5", repeat_until="2026-12-05")
    refused = post(client, "/bookings", "/bookings", **saturday)
    assert refused.status_code == 409
    assert "いずれも閉庁日です" in refused.text
    assert 'name="closed_too" value="1" aria' in refused.text
    asked = saturday | {"closed_too": "1"}
    shown = post(client, "/bookings", "/bookings", **asked).text
    assert "2日のうち2日を予約できます" in shown
    assert form_of(shown, "/bookings")["closed_too"] == "1"
    again = post(client, "/bookings", "/bookings", **asked | {"repeat_until": ""}).text
    assert 'name="closed_too" value="1" checked' in again
    post(client, "/bookings", "/bookings", **asked, confirmed="1")
    assert [one.start_at for one in booked(house)] == [at("10:00", day=n) for n in (4, 11)]
    moved = {"version": str(booked(house)[0].version), "from": "10:00", "to": "12:00", "scope": "all"}
    path = f"/bookings/{booked(house)[0].id}/change"
    post(client, "/bookings", path, **moved, date="2026-11-29", attendees="")
    assert [one.start_at for one in booked(house)] == [at("10:00", day=n) for n in (5, 12)]


def test_who_booked_for_others_sees_it_and_takes_it_back(app: Flask, house: House) -> None:
    chief = signed_in(app.test_client(), house, "chiba")
    mail = "aoki@example.jp"
    post(chief, "/bookings", "/bookings", **form(house, repeat="", **{"for": mail}))
    (made,) = booked(house)
    page = chief.get("/bookings").text
    assert "ほかの人のために予約したもの" in page
    assert "aoki" in page.split("ほかの人のために予約したもの")[1]
    post(chief, "/bookings", f"/bookings/{made.id}/cancel")
    assert house.get(made).status is Status.CANCELLED
    assert "ほかの人のために予約したもの" not in chief.get("/bookings").text


def test_for_whom_a_booking_is_may_be_typed_full_width_and_no_colleague_becomes_a_guest(
    app: Flask, house: House
) -> None:
    chief = signed_in(app.test_client(), house, "chiba")
    with transaction(house.engine) as session:
        session.get_one(User, house.people["baba"].id).name = "馬場　次郎"
    once = form(house, repeat="")
    post(chief, "/bookings", "/bookings", **once, **{"for": "ａｏｋｉ＠ｅｘａｍｐｌｅ．ｊｐ"})
    assert [(one.user_id, one.guest_name) for one in booked(house)] == [(house.people["aoki"].id, "")]
    later = form(house, repeat="", date="2026-11-27")
    for name in ("馬場 次郎", "馬場次郎"):
        assert (
            "同じ名前の職員がいます" in post(chief, "/bookings", "/bookings", **later, **{"for": name}).text
        )
    assert len(booked(house)) == 1
    guest = post(chief, "/bookings", "/bookings", **later, **{"for": "県庁 馬場次郎様"}).text
    assert "来客「県庁 馬場次郎様」のために予約しました" in guest


def test_a_series_without_an_end_is_said(client: FlaskClient, house: House) -> None:
    answer = post(client, "/bookings", "/bookings", **form(house, repeat_until=""))
    assert "いつまで繰り返すかを選んでください" in answer.text
    assert booked(house) == []


def test_an_absence_shows_what_would_go_and_cancels_when_confirmed(client: FlaskClient, house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "12:00", day=1)
    days = {"first": "2026-11-25", "last": "2026-11-26"}
    assert "seat" in post(client, "/bookings", "/bookings/absence", **days).text
    assert house.get(booking).status is Status.BOOKED
    post(client, "/bookings", "/bookings/absence", **days, confirmed="1")
    assert house.get(booking).status is Status.CANCELLED
    wrong = post(client, "/bookings", "/bookings/absence", first="2026-11-26", last="2026-11-25")
    assert 'class="notice error"' in wrong.text


def test_a_broken_seat_shows_who_moves_and_moves_them_when_confirmed(app: Flask, house: House) -> None:
    staff = signed_in(app.test_client(), house, "fujii")
    booking = house.book("aoki", "seat", "10:00", "12:00")
    path = f"/office/spaces/{house.spaces['seat']}/outage"
    assert "→ bare" in post(staff, "/office", path, reason="脚が折れた").text
    assert house.get(booking).space_id == house.spaces["seat"]
    post(staff, "/office", path, reason="脚が折れた", confirmed="1")
    assert house.get(booking).space_id == house.spaces["bare"]
    with reading(house.engine) as session:
        (outage,) = session.scalars(select(SpaceOutage))
    assert (outage.reason, outage.end_at) == ("脚が折れた", None)
    post(staff, "/office", f"/office/spaces/{house.spaces['seat']}/mend")
    with transaction(house.engine) as session:
        assert session.scalars(select(SpaceOutage.lifted_at)).one() is not None


def test_a_series_for_a_colleague_is_theirs(app: Flask, house: House) -> None:
    chief = signed_in(app.test_client(), house, "chiba")
    shown = post(chief, "/bookings", "/bookings", **form(house, **{"for": "aoki@example.jp"})).text
    assert 'name="for" value="aoki@example.jp"' in shown
    post(chief, "/bookings", "/bookings", **form(house, confirmed="1", **{"for": "aoki@example.jp"}))
    assert {one.user_id for one in booked(house)} == {house.people["aoki"].id}


def test_a_guest_comes_every_day_and_others_come_to_all_of_them(app: Flask, house: House) -> None:
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 3
    chief = signed_in(app.test_client(), house, "chiba")
    mails = "aoki@example.jp, baba@example.jp"
    asked = form(house, space_id=str(house.spaces["booth"]), attendees=mails, **{"for": "北さん"})
    shown = post(chief, "/bookings", "/bookings", **asked).text
    assert f'name="attendees" value="{mails}"' in shown
    assert booked(house) == []
    post(chief, "/bookings", "/bookings", **asked, confirmed="1")
    made = booked(house)
    assert [(one.user_id, one.guest_name) for one in made] == [(None, "北さん")] * 4
    with reading(house.engine) as session:
        coming = attendees.attendee_ids(session, [one.id for one in made])
    assert list(coming.values()) == [[house.people["aoki"].id, house.people["baba"].id]] * 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"attendees": "nobody@example.jp"}, "その方は見つからないか"),
        ({"attendees": "aoki@example.jp, baba@example.jp, endo@example.jp"}, "定員"),
        ({"repeat_until": ""}, "いつまで繰り返すか"),
    ],
)
def test_what_was_typed_of_a_series_that_is_refused_stays_typed(
    app: Flask, house: House, wrong: dict[str, str], said: str
) -> None:
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 3
    chief = signed_in(app.test_client(), house, "chiba")
    asked = form(house, space_id=str(house.spaces["booth"]), title="朝会", **{"for": "北さん"}) | wrong
    answer = post(chief, "/bookings", "/bookings", **asked | {"weekday": ["1", "3"]})
    assert answer.status_code == 409
    assert said in answer.text
    again = form_of(answer.text, "/bookings")
    assert {name: again.get(name) for name in asked if name != "repeat"} == {
        name: value for name, value in asked.items() if name != "repeat"
    }
    assert answer.text.count(" checked>") == 2
    assert '<option value="day" selected>' in answer.text
    assert booked(house) == []


def test_a_repair_of_later_days_is_announced(app: Flask, house: House) -> None:
    facility = signed_in(app.test_client(), house, "fujii")
    path = f"/office/spaces/{house.spaces['seat']}/outage"
    days = {"first": "2026-11-26", "last": "2026-11-27", "reason": "配線"}
    before, within = (
        house.book("aoki", "seat", "09:00", "10:00"),
        house.book("baba", "seat", "09:00", "10:00", day=2),
    )
    assert "→ bare" in post(facility, "/office", path, **days).text
    post(facility, "/office", path, **days, confirmed="1")
    with reading(house.engine) as session:
        (outage,) = session.scalars(select(SpaceOutage))
    assert (outage.start_at, outage.end_at) == (at("00:00", day=2), at("00:00", day=4))
    assert house.get(before).space_id == house.spaces["seat"]
    assert house.get(within).space_id != house.spaces["seat"]
    wrong = post(facility, "/office", path, **(days | {"last": "2026-11-25"})).text
    assert "最終日は" in wrong
