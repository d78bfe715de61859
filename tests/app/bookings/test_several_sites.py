"""An office of several sites, in other zones of time too: nobody is sent to another building unasked, and a day is the
site's."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import pipeline
from app.bookings import reserve
from app.bookings.models import Booking
from app.bookings.now.asking import Named, ask_of
from app.bookings.now.service import Taken
from app.bookings.rules import Status
from app.clock import SteppingClock
from app.database import reading, transaction
from app.errors import Conflict
from app.settings import OfficeHours
from app.spaces.models import Closure, Floor, Site, Space, SpaceOutage, Zone
from app.spaces.rules import Kind, Lane, Target
from app.timespan import TimeSpan
from app.waitlist import service
from app.waitlist.models import Entry
from app.waitlist.rules import State
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.waitlist.queue import Queue
from tests.fixtures.web import Api, problem
from tests.house import DAY, OFFICE, TOKYO, House, at

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def branch(house: House) -> int:
    """A branch office in another building, whose codes come first; its site."""
    with transaction(house.engine) as session:
        site = Site(code="branch", name="出張所", timezone=TOKYO.key)
        session.add(site)
        session.flush()
        floor = Floor(site_id=site.id, code="Z1", name="1階")
        session.add(floor)
        session.flush()
        zone = Zone(floor_id=floor.id, code="0", name="0")
        session.add(zone)
        session.flush()
        for code, kind in (("0-seat", Kind.SEAT), ("0-booth", Kind.BOOTH)):
            space = Space(zone_id=zone.id, code=code, kind=kind)
            session.add(space)
            session.flush()
            house.spaces[code] = space.id
        return site.id


def floor_of(house: House, where: str) -> int:
    with reading(house.engine) as session:
        query = select(Zone.floor_id).join(Space, Space.zone_id == Zone.id)
        return session.scalars(query.where(Space.id == house.spaces[where])).one()


def site_of(house: House, where: str) -> int:
    with reading(house.engine) as session:
        return session.get_one(Floor, floor_of(house, where)).site_id


def give_zone(house: House, where: str, who: str) -> None:
    with transaction(house.engine) as session:
        zone = session.get_one(Zone, session.get_one(Space, house.spaces[where]).zone_id)
        zone.section_id = next(iter(house.people[who].section_ids))


def take(house: House, who: str, lane: str, **more: int) -> Taken:
    named = Named(None, lane, None, replace=False, **more)
    with transaction(house.engine) as session:
        person = house.people[who]
        ask = ask_of(session, named, person=person, now=at("09:00"), hours=OfficeHours(), timezone=TOKYO)
        taken = pipeline.book_now(session, ask, actor=person, now=at("09:00"), office=OFFICE)
        session.expunge_all()
    return taken


def told(taken: Taken) -> tuple[str, str]:
    return taken.proposal.option.code, taken.proposal.ground.reason


@pytest.mark.parametrize(("lane", "code"), [("desk", "bare"), ("room", "booth")])
def test_now_is_in_ones_own_building(house: House, branch: int, lane: str, code: str) -> None:
    assert told(take(house, "aoki", lane)) == (code, "free")


def test_ones_own_building_is_where_ones_section_has_its_zone_or_the_floor_that_is_shown(
    house: House, branch: int
) -> None:
    shown = floor_of(house, "0-seat")
    assert told(take(house, "aoki", "room", floor_id=shown)) == ("0-booth", "free")
    give_zone(house, "0-seat", "baba")
    assert told(take(house, "baba", "desk")) == ("0-seat", "own_zone")


def test_another_building_comes_last_and_the_reason_says_so(house: House, branch: int) -> None:
    house.break_("booth")
    assert told(take(house, "aoki", "room")) == ("0-booth", "other_site")


def test_a_part_of_the_day_here_is_better_than_all_of_it_elsewhere(house: House, branch: int) -> None:
    for where in ("seat", "window", "free", "focus"):
        house.break_(where)
    house.book("baba", "bare", "13:00", "14:00")
    taken = take(house, "aoki", "desk")
    assert (told(taken), taken.booking.end_at) == (("bare", "free"), at("13:00"))


def test_a_named_site_is_the_only_one(api: Api, house: House, branch: int) -> None:
    main = site_of(house, "booth")
    house.break_("booth")
    wanted = {"lane": "room", "site_id": main, "dry_run": True}
    assert problem(api.call("aoki", "POST", "/bookings/now", wanted)) == (409, "booking.none_free")
    there = api.call("aoki", "POST", "/bookings/now", wanted | {"site_id": branch})
    assert (there.get_json()["space"], there.get_json()["reason"]) == ("0-booth", "free")
    unknown = api.call("aoki", "POST", "/bookings/now", wanted | {"site_id": 999})
    assert problem(unknown) == (404, "site.unknown")


def test_where_nothing_is_free_the_next_here_is_named_before_an_earlier_one_elsewhere(
    house: House, branch: int
) -> None:
    house.book("baba", "booth", "09:00", "10:30")
    house.book("chiba", "0-booth", "09:00", "10:00")
    with pytest.raises(Conflict) as caught:
        take(house, "aoki", "room")
    assert caught.value.facts["next_space"] == "booth"


def test_who_waits_for_any_room_is_offered_one_of_the_same_site(api: Api, house: House, branch: int) -> None:
    main = site_of(house, "booth")
    house.break_("booth")
    span = {"start": at("10:00").isoformat(), "end": at("11:00").isoformat()}
    here = api.call("aoki", "POST", "/waitlist", {"kind": "booth", **span}).get_json()
    assert (here["status"], here["site_id"]) == ("waiting", main)
    there = api.call("baba", "POST", "/waitlist", {"lane": "room", "site_id": branch, **span}).get_json()
    assert (there["status"], there["offered_space_id"], there["site_id"]) == (
        "offered",
        house.spaces["0-booth"],
        branch,
    )
    house.sweep("09:01")
    with reading(house.engine) as session:
        states = session.scalars(select(Entry.state).where(Entry.site_id == main)).all()
    assert State.OFFERED not in states


def test_the_place_in_line_counts_those_of_the_same_site(house: House, branch: int) -> None:
    queue, main = Queue(house), site_of(house, "booth")
    house.book("chiba", "booth", "10:00", "11:00")
    house.book("endo", "0-booth", "10:00", "11:00")
    for who, site_id in (("fujii", branch), ("aoki", main), ("baba", main)):
        queue.wait(who, Target(Lane.ROOM, site_id=site_id), "10:00", "11:00")
    with reading(house.engine) as session:
        entries = session.scalars(select(Entry).order_by(Entry.id)).all()
        assert [one.place for one in service.standing(session, entries, now=at("08:40"))] == [1, 1, 2]


def test_a_seat_that_is_freed_elsewhere_meets_no_wish_of_here(house: House, branch: int) -> None:
    queue = Queue(house)
    house.book("chiba", "booth", "10:00", "11:00")
    held = house.book("endo", "0-booth", "10:00", "11:00")
    entry = queue.wait("aoki", Target(Lane.ROOM, site_id=site_of(house, "booth")), "10:00", "11:00")
    queue.give_back("endo", held, "08:40")
    house.sweep("08:41")
    assert queue.state(entry) == [State.WAITING]
    house.book("aoki", "0-booth", "10:00", "11:00", now="08:42")
    house.sweep("08:43")
    assert queue.state(entry) == [State.WAITING]


# In another zone of time: the office's clock is Tokyo's, its branch lies in New York.


def there(on: date, clock: str) -> datetime:
    return datetime.combine(on, time.fromisoformat(clock), NEW_YORK)


@pytest.fixture
def far(house: House, branch: int, clock: SteppingClock) -> int:
    """The branch is in New York, where it is twenty to ten of the same day; midnight is near in Tokyo."""
    with transaction(house.engine) as session:
        session.execute(update(Site).where(Site.id == branch).values(timezone=NEW_YORK.key))
    clock.at = there(DAY, "09:40")
    return branch


def zone_of(house: House, where: str) -> int:
    with reading(house.engine) as session:
        return session.get_one(Space, house.spaces[where]).zone_id


def test_a_number_is_of_the_day_of_the_zones_site(
    api: Api, house: House, far: int, clock: SteppingClock
) -> None:
    where = {"zone_id": zone_of(house, "0-booth")}
    first = api.call("aoki", "POST", "/waitlist/numbers", where).get_json()
    assert (first["number"], first["site_id"]) == (1, far)
    assert datetime.fromisoformat(first["end"]) == there(DAY + timedelta(days=1), "00:00")
    clock.at = there(DAY, "11:00")
    listed = api.call("baba", "GET", f"/waitlist/numbers?zone={where['zone_id']}").get_json()
    assert [one["number"] for one in listed["items"]] == [1]
    assert api.call("baba", "POST", "/waitlist/numbers", where).get_json()["number"] == 2


def test_a_seat_now_is_had_until_the_office_closes_there(api: Api, house: House, far: int) -> None:
    give_zone(house, "0-seat", "aoki")
    taken = api.call("aoki", "POST", "/bookings/now", {"lane": "desk", "dry_run": True}).get_json()
    assert taken["space"] == "0-seat"
    assert datetime.fromisoformat(taken["end"]) == there(DAY, "17:15")


@pytest.fixture
def staff(app: Flask, house: House) -> FlaskClient:
    return signed_in(app.test_client(), house, "fujii")


def times_in(page: str) -> list[str]:
    """The times of day that a page tells, but for the values of its forms."""
    return re.findall(r"\d\d:\d\d", re.sub(r"<[^>]*>", " ", page.partition("<main")[2]))


def desk_of(house: House, where: str) -> str:
    with reading(house.engine) as session:
        return f"/s/{session.get_one(Space, house.spaces[where]).desk_code}"


def book_there(house: House, who: str, where: str, start: datetime, end: datetime) -> Booking:
    with transaction(house.engine) as session:
        booking = reserve.reserve(
            session,
            actor=house.people[who],
            space_id=house.spaces[where],
            span=TimeSpan(start, end),
            now=at("08:00"),
        )
        session.expunge(booking)
    return booking


@pytest.mark.parametrize(("locale", "note"), [("ja", "ニューヨーク"), ("en", "those of New York")])
def test_the_desks_page_has_one_clock_the_sites_and_names_it(
    app: Flask, house: House, far: int, clock: SteppingClock, locale: str, note: str
) -> None:
    clock.at = there(DAY, "09:00")
    book_there(house, "aoki", "0-seat", there(DAY, "15:00"), there(DAY, "16:00"))
    client = signed_in(app.test_client(), house, "aoki")
    shown = client.get(desk_of(house, "0-seat"), headers={"Accept-Language": locale}).text
    assert note in shown
    assert times_in(shown)[:4] == ["15:00", "16:00", "14:45", "15:00"]
    assert set(times_in(shown)) <= {"08:30", "09:15", "14:45", "15:00", "16:00", "17:15"}
    at_home = client.get(desk_of(house, "seat"), headers={"Accept-Language": locale}).text
    assert "Times on this page" not in at_home
    assert "このページの時刻" not in at_home


def test_what_is_refused_on_the_desks_page_is_told_by_its_clock(
    app: Flask, house: House, far: int, clock: SteppingClock
) -> None:
    clock.at = there(DAY, "09:00")
    book_there(house, "baba", "0-seat", there(DAY, "10:00"), there(DAY, "12:00"))
    client, desk = signed_in(app.test_client(), house, "aoki"), desk_of(house, "0-seat")
    wanted = {
        "space_id": str(house.spaces["0-seat"]),
        "start": there(DAY, "10:00").isoformat(),
        "end": there(DAY, "11:00").isoformat(),
        "then": desk,
    }
    clock_there = re.search(r'name="clock" value="([^"]+)"', client.get(desk).text)
    assert clock_there is not None
    by_theirs = post(client, desk, "/bookings", **wanted, clock=clock_there[1]).text
    assert "09:00–10:00" in by_theirs.partition('notice error" role="alert"')[2].partition("</p>")[0]
    by_ours = post(client, desk, "/bookings", **wanted, clock="Nowhere/Land").text
    assert "23:00–24:00" in by_ours.partition('notice error" role="alert"')[2].partition("</p>")[0]


def test_a_repair_of_another_sites_seat_is_shown_by_its_clock(
    staff: FlaskClient, house: House, far: int, clock: SteppingClock
) -> None:
    clock.at = there(DAY, "09:00")
    book_there(house, "aoki", "0-seat", there(DAY, "15:00"), there(DAY, "16:00"))
    path = f"/office/spaces/{house.spaces['0-seat']}/outage"
    shown = post(staff, "/bookings", path, reason="脚").text
    assert times_in(shown) == ["09:00", "15:00", "16:00"]
    assert "ニューヨーク" in shown
    floor = staff.get(f"/floors/{floor_of(house, '0-seat')}").text
    assert "このページの時刻は、東京の時刻です。" in floor


def test_a_space_is_out_of_order_for_days_of_its_site(staff: FlaskClient, house: House, far: int) -> None:
    tomorrow = DAY + timedelta(days=1)
    days = {"first": tomorrow.isoformat(), "last": tomorrow.isoformat(), "confirmed": "1"}
    post(staff, "/bookings", f"/office/spaces/{house.spaces['0-seat']}/outage", **days)
    with reading(house.engine) as session:
        outage = session.scalars(select(SpaceOutage)).one()
        assert outage.start_at == there(tomorrow, "00:00")
        assert outage.end_at == there(tomorrow + timedelta(days=1), "00:00")


def test_a_site_is_closed_by_its_own_clock(staff: FlaskClient, house: House, far: int) -> None:
    form = {"where": f"{far}/", "until_date": DAY.isoformat(), "until_time": "18:00", "reason": "snow"}
    shown = post(staff, "/bookings", "/office/closures", **form)
    assert "18:00</strong>" in shown.text
    post(staff, "/bookings", "/office/closures", **form, confirmed="1")
    with reading(house.engine) as session:
        assert session.scalars(select(Closure)).one().end_at == there(DAY, "18:00")
    assert "18:00</strong>" in staff.get("/office").text


def test_an_absence_frees_the_days_by_the_clock_of_each_site(app: Flask, house: House, far: int) -> None:
    tomorrow = DAY + timedelta(days=1)
    rows = {
        "evening": (there(DAY, "18:00"), "0-seat"),  # tomorrow in Tokyo already
        "day": (there(tomorrow, "18:00"), "0-seat"),  # the day after tomorrow in Tokyo
        "home": (datetime.combine(tomorrow, time(9), TOKYO), "seat"),
    }
    with transaction(house.engine) as session:
        for start, where in rows.values():
            session.add(
                Booking(
                    space_id=house.spaces[where],
                    user_id=house.people["aoki"].id,
                    lane=Lane.DESK,
                    start_at=start,
                    end_at=start + timedelta(hours=1),
                    status=Status.BOOKED,
                    made_at=at("08:00"),
                )
            )
    me = signed_in(app.test_client(), house, "aoki")
    form = {"first": tomorrow.isoformat(), "last": tomorrow.isoformat()}
    assert post(me, "/bookings", "/bookings/absence", **form).text.count("<li><span><strong>") == 2
    post(me, "/bookings", "/bookings/absence", **form, confirmed="1")
    with reading(house.engine) as session:
        kept = session.scalars(select(Booking).where(Booking.status == Status.BOOKED)).one()
        assert kept.start_at == rows["evening"][0]
