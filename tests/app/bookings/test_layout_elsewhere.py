"""What the layout brings to another building: whoever booked it is moved or told, whoever waits for it follows it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import pipeline
from app.bookings.rules import Status
from app.database import reading, rehearsal, transaction
from app.records.sheets import service as sheets
from app.spaces.models import Floor, Site, Space, Zone
from app.waitlist import service
from app.waitlist.models import Entry
from app.waitlist.rules import State, Wish
from tests.app.bookings.test_layout_changes import change_space, change_zone, where_is, zone_of
from tests.app.records.test_sheets import ASKED
from tests.app.waitlist.queue import Queue
from tests.house import OFFICE, TOKYO, House, at, span


@pytest.fixture
def annex(house: House) -> int:
    """A zone of another building, with a seat of its own."""
    with transaction(house.engine) as session:
        site = Site(code="annex", name="別館", timezone=TOKYO.key)
        session.add(site)
        session.flush()
        floor = Floor(site_id=site.id, code="9F", name="9階")
        session.add(floor)
        session.flush()
        zone = Zone(floor_id=floor.id, code="Z", name="Z")
        session.add(zone)
        session.flush()
        session.add(Space(zone_id=zone.id, code="Z-1", kind="seat"))
        return zone.id


def floor_of(house: House, zone_id: int) -> int:
    with reading(house.engine) as session:
        return session.get_one(Zone, zone_id).floor_id


def imported(house: House, text: str) -> list[tuple[int, str]]:
    """What the preview of a file says, which is what it does."""
    sheet = sheets.SHEETS["spaces"]
    with rehearsal(house.engine) as session:
        shown = sheets.import_file(session, sheet, text.encode(), ASKED).moves
    with transaction(house.engine) as session:
        done = sheets.import_file(session, sheet, text.encode(), ASKED).moves
    assert done == shown
    return [(one.booking_id, one.to_code) for one in done]


def test_a_space_that_goes_to_another_building_leaves_its_bookings_here(house: House, annex: int) -> None:
    booked = house.book("aoki", "bare", "10:00", "12:00")
    sits = house.claim("baba", "bare", "08:20")
    assert house.get(sits).status is Status.CHECKED_IN
    moves = change_space(house, "bare", {"zone_id": annex})
    assert [one for one, _code in moves] == [booked.id], "who sits there sees it themselves"
    assert where_is(house, booked) in {"seat", "window"}
    assert [one.kind for one in house.events(booked)][-1] == "booking.moved"


def test_where_nothing_else_is_free_here_they_are_told(house: House, annex: int) -> None:
    for where in ("seat", "window", "focus"):
        house.break_(where)
    booked = house.book("aoki", "bare", "10:00", "12:00")
    assert change_space(house, "bare", {"zone_id": annex}) == [(booked.id, "")]
    assert (house.get(booked).status, house.get(booked).reason) == (Status.CANCELLED, "layout")


def test_a_zone_goes_with_all_its_spaces_and_within_a_building_nobody_is_touched(
    house: House, annex: int
) -> None:
    booked = house.book("aoki", "seat", "10:00", "12:00")
    with transaction(house.engine) as session:
        site_id = session.get_one(Floor, house.floor_id).site_id
        upstairs = Floor(site_id=site_id, code="4F", name="4階")
        session.add(upstairs)
        session.flush()
        floor_id = upstairs.id
    assert change_zone(house, "seat", {"floor_id": floor_id}) == []
    assert change_zone(house, "seat", {"floor_id": floor_of(house, annex)}) == [(booked.id, "")]


@pytest.mark.parametrize(
    "text",
    [
        "site,floor,zone,space\nannex,9F,Z,bare\n",
        "site,site_name,floor,zone,space\nnew,新館,1F,N,bare\n",
        "site,floor,zone\nannex,9F,A\n",
        "site,floor\nannex,3F\n",
    ],
)
def test_a_file_moves_them_too_be_the_building_new_or_not(house: House, annex: int, text: str) -> None:
    booked = house.book("aoki", "bare", "10:00", "12:00")
    ((moved, _code),) = imported(house, text)
    assert moved == booked.id


def test_who_waits_for_a_space_follows_it(house: House, annex: int) -> None:
    booked = house.book("baba", "bare", "10:00", "12:00")
    entry = wait(house, "aoki", space_id=house.spaces["bare"])
    change_space(house, "bare", {"zone_id": annex})
    assert where_is(house, booked) != "bare"
    house.sweep("09:01")
    assert Queue(house).get(entry).state is State.OFFERED
    assert Queue(house).get(entry).site_id == site_of(house, annex)


def test_who_waits_for_a_zone_follows_it_and_who_waits_for_a_site_stays(house: House, annex: int) -> None:
    here = zone_of(house, "seat")
    site = site_of(house, here)
    for one in ("seat", "window", "bare", "focus"):
        house.break_(one)
    of_zone = wait(house, "aoki", zone_id=here, lane="desk")
    of_site = wait(house, "baba", site_id=site, lane="desk")
    change_zone(house, "seat", {"floor_id": floor_of(house, annex)})
    assert Queue(house).get(of_zone).site_id == site_of(house, annex)
    assert Queue(house).get(of_site).site_id == site


def test_a_file_takes_those_along_who_wait(house: House, annex: int) -> None:
    house.book("baba", "bare", "10:00", "12:00")
    entry = wait(house, "aoki", space_id=house.spaces["bare"])
    imported(house, "site,floor,zone,space\nannex,9F,Z,bare\n")
    assert Queue(house).get(entry).site_id == site_of(house, annex)


def site_of(house: House, zone_id: int) -> int:
    with reading(house.engine) as session:
        query = select(Floor.site_id).join(Zone, Zone.floor_id == Floor.id)
        return session.scalars(query.where(Zone.id == zone_id)).one()


def wait(
    house: House,
    who: str,
    *,
    space_id: int | None = None,
    zone_id: int | None = None,
    site_id: int | None = None,
    lane: str | None = None,
) -> Entry:
    actor = house.people[who]
    with transaction(house.engine) as session:
        target = service.target_of(
            session, space_id=space_id, kind=None, zone_id=zone_id, site_id=site_id, lane=lane, actor=actor
        )
        wish = Wish(target, span("10:00", "12:00"))
        entry = pipeline.wait(session, wish, actor=actor, now=at("08:00"), office=OFFICE)
        session.expunge(entry)
    return entry
