"""A file of any length costs the same number of statements, and each of its lines is stored as it would be alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.calendar import CalendarDay
from app.database import reading, transaction
from app.events import Event
from app.people.models import Membership, Role, Section, User
from app.people.rules import Employment
from app.records.sheets import service
from app.records.sheets.rules import Diff
from app.spaces import layout
from app.spaces.models import Sensor, SensorBinding, Space, SpaceOutage, Zone
from app.spaces.rules import Kind
from tests.app.records.test_sheets import ASKED, diff, take
from tests.house import DAY, House, at
from tests.statements import counted

FEW, MANY = 10, 200


def people(count: int, turn: int) -> str:
    """New people first; then some change the name, some the role, some the sections, some stay."""
    lines = []
    for n in range(count):
        what = n % 4 if turn else -1
        name, role = ("別名" if what == 0 else "人"), ("chief" if what == 1 else "staff")
        sections = ("zei" if n % 2 else "soumu|zei") if what == 2 else "soumu"
        from_on = f"2027-04-0{1 + n % 3}" if what == 2 else ""
        lines.append(f"p{count}-{n}@example.jp,{name},{role},{sections},{from_on}\n")
    return "email,name,role,sections,from_on\n" + "".join(lines)


def sections(count: int, turn: int) -> str:
    """Sections that are new; then some are named anew, some lie under another, some close."""
    lines = []
    for n in range(count):
        what = n % 4 if turn else -1
        name, parent = ("別係" if what == 0 else "係"), ("zei" if what == 1 else "")
        until_on = "2027-03-31" if what == 2 else ""
        lines.append(f"k{count}-{n},{name},{parent},{until_on}\n")
    return "code,name,parent,until_on\n" + "".join(lines)


def spaces(count: int, turn: int) -> str:
    """Zones and spaces, of which each row of the second file says something else; an empty cell says nothing."""
    lines = []
    for n in range(count):
        what = n % 4 if turn else -1
        section, zone_x = ("zei" if what == 0 else ""), ("7" if what == 1 else "")
        kind, x = ("focus_seat" if what == 2 else "" if turn else "seat"), ("9" if what == 3 else "")
        lines.append(f"main,3F,Z{count}-{n},{section},{zone_x},S{count}-{n},{kind},{x}\n")
    return "site,floor,zone,section,zone_x,space,kind,x\n" + "".join(lines)


def sensors(count: int, turn: int) -> str:
    """Sensors of models and times that differ, and what they watch."""
    lines = []
    for n in range(count):
        what = n % 4 if turn else -1
        model, beat = ("M2" if what == 0 else "M1"), ("120" if what == 1 else "600")
        watches = ("bare" if n % 2 else "") if what == 2 else "seat|window"
        lines.append(f"s{count}-{n},{model},{beat},{watches}\n")
    return "id,model,heartbeat_s,space\n" + "".join(lines)


def calendar(count: int, turn: int) -> str:
    """Days that close; then some work, some have another name."""
    lines = []
    for n in range(count):
        on = DAY + timedelta(days=1000 * turn_of(count) + n)
        lines.append(f"{on.isoformat()},{int(turn and n % 2 == 0)},{'休' if turn and n % 2 else '閉庁'}\n")
    return "date,works,name\n" + "".join(lines)


def turn_of(count: int) -> int:
    return 1 if count == FEW else 2


FILES: dict[str, Callable[[int, int], str]] = {
    "people": people,
    "sections": sections,
    "spaces": spaces,
    "sensors": sensors,
    "calendar": calendar,
}


@pytest.mark.parametrize("name", FILES)
def test_ten_rows_cost_as_many_statements_as_two_hundred(house: House, name: str) -> None:
    def costs(count: int) -> list[int]:
        found = []
        for turn in (0, 1):
            text = FILES[name](count, turn)
            for do in (diff, take):
                with counted(house.engine) as statements:
                    told: Diff = do(house, name, text)
                assert not told.refused
                assert len(told.changed if turn else told.added) >= count / 2
                found.append(len(statements))
            assert diff(house, name, text).is_empty
        return found

    assert costs(FEW) == costs(MANY)


def test_spaces_that_come_back_cost_the_same_however_many(house: House) -> None:
    def cost(count: int) -> int:
        codes = [f"B{count}-{n}" for n in range(count)]
        header = "floor,zone,space,kind\n"
        take(house, "spaces", header + "".join(f"3F,A,{code},seat\n" for code in codes))
        with transaction(house.engine) as session:
            for space in session.scalars(select(Space).where(Space.code.in_(codes))).all():
                layout.hide_space(session, space.id, actor_id=None, now=at("08:00"))
                session.add(SpaceOutage(space_id=space.id, start_at=at("08:00"), made_at=at("08:00")))
        text = header + "".join(f"3F,A,{code},focus_seat\n" for code in codes)
        with counted(house.engine) as statements:
            assert len(take(house, "spaces", text).added) == count
        with reading(house.engine) as session:
            found = session.scalars(select(Space).where(Space.code.in_(codes))).all()
            assert {(one.removed_at, one.kind) for one in found} == {(None, Kind.FOCUS_SEAT)}
            ends = select(SpaceOutage.lifted_at).where(SpaceOutage.space_id.in_([one.id for one in found]))
            assert list(session.scalars(ends)) == [ASKED.now] * count
        return len(statements)

    assert cost(FEW) == cost(MANY)


def test_a_line_changes_what_it_names_and_nothing_else(house: House) -> None:
    with transaction(house.engine) as session:
        zone = session.scalars(select(Zone).where(Zone.code == "B")).one()
        zone.name, zone.y = "税の島", 40
        session.scalars(select(Space).where(Space.code == "bare")).one().capacity = 3
    take(
        house,
        "spaces",
        "floor,zone,zone_x,section,space,kind,capacity,x\n"
        "3F,A,5,soumu,bare,,,\n"
        "3F,A,5,soumu,seat,focus_seat,,\n"
        "3F,A,5,soumu,window,,2,8\n"
        "3F,B,,,,,,\n",
    )
    with reading(house.engine) as session:
        zones = {one.code: one for one in session.scalars(select(Zone))}
        soumu = session.scalars(select(Section.id).where(Section.code == "soumu")).one()
        assert (zones["A"].x, zones["A"].section_id, zones["A"].name) == (5, soumu, "A")
        assert (zones["B"].x, zones["B"].y, zones["B"].section_id, zones["B"].name) == (0, 40, None, "税の島")
        found = {one.code: (one.kind, one.capacity, one.x) for one in session.scalars(select(Space))}
    assert found["bare"] == (Kind.SEAT, 3, 0)
    assert found["seat"] == (Kind.FOCUS_SEAT, 1, 0)
    assert found["window"] == (Kind.SEAT, 2, 8)


def test_new_things_have_what_their_tables_give_where_their_lines_say_nothing(house: House) -> None:
    take(house, "people", "email,name,locale\na@x.jp,A,en\n")
    take(house, "spaces", "floor,zone,space,kind,width\n3F,N,n1,seat,\n3F,N,n2,booth,90\n")
    take(house, "sensors", "id\ns1\n")
    with reading(house.engine) as session:
        user = session.scalars(select(User).where(User.email == "a@x.jp")).one()
        assert (user.role, user.employment, user.kana, user.locale, user.version) == (
            Role.STAFF,
            Employment.REGULAR,
            "",
            "en",
            1,
        )
        zone = session.scalars(select(Zone).where(Zone.code == "N")).one()
        assert (zone.name, zone.free_seating, zone.lots_together, zone.width) == ("N", False, True, 0)
        first, second = session.scalars(select(Space).where(Space.zone_id == zone.id).order_by(Space.code))
        assert (first.capacity, first.width, second.width) == (1, 40, 90)
        assert len({first.desk_code, second.desk_code, ""}) == 3
        sensor = session.get_one(Sensor, "s1")
        assert (sensor.model, sensor.heartbeat_s, sensor.holds_itself) == ("akiseki-pir", 600, False)


def test_each_line_is_told_in_the_order_of_the_file(house: House) -> None:
    take(house, "people", "email,name\nz@x.jp,Z\na@x.jp,A\n")
    take(house, "sensors", "id,space\nsensor-seat,\n")
    take(house, "calendar", f"date,works\n{DAY.isoformat()},0\n")
    with reading(house.engine) as session:
        users = session.scalars(select(User).where(User.email.in_(["z@x.jp", "a@x.jp"]))).all()
        ids = {one.email: one.id for one in users}
        told = session.scalars(select(Event).where(Event.at == ASKED.now).order_by(Event.id)).all()
        day = session.get_one(CalendarDay, DAY)
        bound = session.scalars(select(SensorBinding).where(SensorBinding.until_at == ASKED.now)).all()
    assert [(one.kind, one.subject) for one in told] == [
        ("user.added", f"user:{ids['z@x.jp']}"),
        ("user.added", f"user:{ids['a@x.jp']}"),
        ("sensor.changed", "sensor:sensor-seat"),
        ("sensor.unbound", "sensor:sensor-seat"),
        ("calendar.set", f"day:{DAY.isoformat()}"),
    ]
    assert (day.works, day.name) == (False, "")
    assert [one.sensor_id for one in bound] == ["sensor-seat"]


def test_a_section_joined_on_the_day_of_the_import_is_left_without_a_trace_by_a_second(house: House) -> None:
    for section in ("zei", "soumu|zei", "soumu"):
        take(house, "people", f"email,sections\naoki@example.jp,{section}\n")
    with reading(house.engine) as session:
        query = select(Section.code, Membership.from_on, Membership.until_on)
        query = query.join(Section, Section.id == Membership.section_id)
        held = session.execute(query.where(Membership.user_id == house.people["aoki"].id)).all()
    assert sorted((code, until) for code, _from, until in held if until is not None) == [
        ("soumu", DAY - timedelta(days=1))
    ]
    assert [(code, began) for code, began, until in held if until is None] == [("soumu", DAY)]


def test_an_export_of_the_whole_office_is_a_fixed_number_of_statements(house: House) -> None:
    def cost() -> list[int]:
        found = []
        for name in FILES:
            with counted(house.engine) as statements, reading(house.engine) as session:
                service.export(session, service.SHEETS[name], ASKED)
            found.append(len(statements))
        return found

    before = cost()
    for name, text in FILES.items():
        take(house, name, text(MANY, 0))
    assert cost() == before
