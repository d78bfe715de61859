"""Sections in their tree: whose zones one enters, for whom a chief acts, and how they are kept; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.boards.availability import floor_view
from app.bookings import reserve
from app.bookings.service import may_act_for
from app.database import reading, transaction
from app.errors import Conflict, DomainError, Forbidden, NotFound, RuleBroken
from app.events import history
from app.people import guards, sections, service, staffing
from app.people.models import Role, Section, User
from app.people.service import NewUser, Person
from app.spaces.models import Space, Zone
from app.spaces.rules import Kind
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at, span
from tests.statements import counted

NEXT = DAY + timedelta(days=7)


def section_id(session: Session, code: str) -> int:
    return next(one.id for one in service.list_sections(session) if one.code == code)


def add(session: Session, code: str, under: str | None = None) -> Section:
    values = {"code": code, "name": code, "parent_id": section_id(session, under) if under else None}
    return sections.add(session, values, actor_id=None, now=at("08:00"), on=DAY)


def change(house: House, code: str, /, **values: object) -> Section:
    with transaction(house.engine) as session:
        row = sections.get_section(session, section_id(session, code), to_change=True)
        sections.change(session, row, values, actor_id=None, now=at("08:30"), on=DAY)
        session.expunge(row)
    return row


def hire(house: House, who: str, code: str, role: Role = Role.STAFF) -> Person:
    with transaction(house.engine) as session:
        user = service.add(
            session, NewUser(f"{who}@example.jp", who, role), section_code=code, on=DAY, now=at("08:00")
        )
        house.people[who] = service.get_person(session, user.id, DAY)
    return house.people[who]


def asked(statements: list[str]) -> list[str]:
    """Without the beginning of a transaction, which PostgreSQL's readers need not say."""
    return [one for one in statements if one != "BEGIN"]


def id_of(house: House, code: str) -> int:
    with reading(house.engine) as session:
        return section_id(session, code)


@pytest.fixture
def office(house: House) -> House:
    """Under the tax section (税務課, whose zone has `taxes`) two 係: goto and the chief hara are of the one, with a
    zone too, ishii is of the other; jo is the tax section's chief."""
    with transaction(house.engine) as session:
        for code in ("shomin", "kotei"):
            add(session, code, "zei")
        zone = Zone(floor_id=house.floor_id, code="G", name="G", section_id=section_id(session, "shomin"))
        session.add(zone)
        session.flush()
        space = Space(zone_id=zone.id, code="nook", kind=Kind.SEAT)
        session.add(space)
        session.flush()
        house.spaces["nook"] = space.id
    hire(house, "goto", "shomin")
    hire(house, "hara", "shomin", Role.CHIEF)
    hire(house, "ishii", "kotei")
    hire(house, "jo", "zei", Role.CHIEF)
    return house


def reason(house: House, who: str, where: str) -> str | None:
    wanted = span("10:00", "11:00")
    with reading(house.engine) as session:
        views = floor_view(session, house.floor_id, wanted, person=house.people[who], now=at("08:00"))
    return next(view.reason for view in views if view.code == where)


def test_one_is_at_home_in_the_zones_of_the_own_section_and_of_those_above(office: House) -> None:
    assert {who: reason(office, who, "taxes") for who in ("goto", "ishii", "jo", "endo", "aoki")} == {
        "goto": None,
        "ishii": None,
        "jo": None,
        "endo": None,
        "aoki": "other_section",
    }
    office.book("goto", "taxes", "10:00", "11:00")
    office.claim("ishii", "taxes", "09:00")
    office.book("goto", "nook", "11:00", "12:00")
    for who in ("ishii", "jo", "endo", "aoki"):
        assert reason(office, who, "nook") == "other_section"
        with pytest.raises(Forbidden) as caught:
            office.book(who, "nook", "13:00", "14:00")
        assert caught.value.facts["why"] == "zone"


def test_a_section_that_moves_takes_its_people_along_from_the_next_request_on(office: House) -> None:
    change(office, "shomin", parent_id=id_of(office, "soumu"))
    with reading(office.engine) as session:
        office.people["goto"] = service.get_person(session, office.people["goto"].id, DAY)
    assert reason(office, "goto", "taxes") == "other_section"
    assert may_act_for(office.people["chiba"], office.people["goto"])


def test_a_chief_acts_for_the_own_section_and_all_below_it(office: House) -> None:
    people = office.people

    def reached(chief: str) -> set[str]:
        return {who for who in people if may_act_for(people[chief], people[who])}

    assert reached("jo") == {"jo", "goto", "hara", "ishii", "endo", "fujii"}
    assert reached("hara") == {"hara", "goto"}
    assert reached("chiba") == {"chiba", "aoki", "baba"}
    office.book("goto", "taxes", "10:00", "11:00")
    with transaction(office.engine) as session:
        booked = reserve.reserve(
            session,
            actor=people["jo"],
            space_id=office.spaces["taxes"],
            span=span("11:00", "12:00"),
            now=at("08:00"),
            for_user_id=people["ishii"].id,
        )
        assert booked.user_id == people["ishii"].id
    with pytest.raises(Forbidden), transaction(office.engine) as session:
        reserve.reserve(
            session,
            actor=people["hara"],
            space_id=office.spaces["taxes"],
            span=span("13:00", "14:00"),
            now=at("08:00"),
            for_user_id=people["ishii"].id,
        )


def test_who_somebody_is_takes_one_query_however_deep_the_section_lies(office: House) -> None:
    above = "zei"
    with transaction(office.engine) as session:
        for number in range(6):
            add(session, f"deep{number}", above)
            above = f"deep{number}"
    deep = hire(office, "kato", above)
    with reading(office.engine) as session, counted(office.engine) as statements:
        found = service.find_people(session, [deep.id, office.people["aoki"].id, 10_000], DAY)
        assert service.get_person(session, deep.id, DAY) == found[deep.id]
    assert len(asked(statements)) == 2
    assert len(found[deep.id].within) == 7
    assert found[office.people["aoki"].id].within == found[office.people["aoki"].id].section_ids


def move(house: House, who: str, code: str, from_on: date) -> None:
    with transaction(house.engine) as session:
        user = staffing.get_account(session, house.people[who].id, to_change=True)
        wanted = {section_id(session, code)}
        it = replace(house.people["fujii"], role=Role.IT)
        staffing.reassign(session, user, wanted, from_on=from_on, actor=it, now=at("09:00"))


def test_the_sections_of_a_day_alone_count(office: House) -> None:
    move(office, "goto", "soumu", NEXT)
    with reading(office.engine) as session:
        moved = service.get_person(session, office.people["goto"].id, DAY)
    assert id_of(office, "zei") in moved.within
    assert moved.as_of(NEXT).within == {id_of(office, "soumu")}


# Keeping them


def test_the_tree_is_listed_as_it_reads_with_how_many_belong_where(office: House) -> None:
    with reading(office.engine) as session, counted(office.engine) as statements:
        listed = [(one.section.code, one.depth, one.people, one.zones) for one in sections.tree(session, DAY)]
    assert listed == [
        ("soumu", 0, 3, ()),
        ("zei", 0, 3, ("B",)),
        ("kotei", 1, 1, ()),
        ("shomin", 1, 2, ("G",)),
    ]
    assert len(asked(statements)) == 3


def test_every_change_is_on_record_and_counts_as_a_version(office: House) -> None:
    renamed = change(office, "kotei", name="固定資産税係", name_en="Property tax")
    assert (renamed.name, renamed.version) == ("固定資産税係", 2)
    assert change(office, "kotei", name="固定資産税係").version == 2
    with reading(office.engine) as session:
        told = [(one.kind, one.data["changes"]) for one in history(session, "section:kotei")]
    assert [kind for kind, _changes in told] == ["section.added", "section.changed"]
    assert told[1][1] == {"name": ["kotei", "固定資産税係"], "name_en": ["", "Property tax"]}


@pytest.mark.parametrize(
    ("code", "values", "error"),
    [
        ("zei", {"code": "soumu"}, Conflict("section.exists")),
        ("zei", {"parent_id": 10_000}, NotFound("section.unknown")),
        ("zei", {"until_on": DAY}, RuleBroken("section.in_use")),
    ],
)
def test_what_a_section_cannot_be(
    office: House, code: str, values: dict[str, object], error: DomainError
) -> None:
    with pytest.raises(type(error), match=error.code):
        change(office, code, **values)


@pytest.mark.parametrize("under", ["zei", "shomin"])
def test_no_section_lies_under_itself(office: House, under: str) -> None:
    with pytest.raises(RuleBroken, match=r"section\.circle"):
        change(office, "zei", parent_id=id_of(office, under))


def test_the_database_itself_refuses_a_circle(office: House) -> None:
    zei, shomin, deep = id_of(office, "zei"), id_of(office, "shomin"), 900
    with transaction(office.engine) as session:
        session.execute(insert(Section), [{"id": deep, "code": "deep", "name": "deep", "parent_id": shomin}])
    for section, parent in ((zei, deep), (zei, shomin), (zei, zei)):
        with (
            pytest.raises(IntegrityError, match=r"circle|above itself"),
            transaction(office.engine) as session,
        ):
            session.execute(update(Section).where(Section.id == section).values(parent_id=parent))
    with pytest.raises(IntegrityError, match=r"circle|above itself"), transaction(office.engine) as session:
        session.execute(insert(Section), [{"id": 901, "code": "own", "name": "own", "parent_id": 901}])
    with (
        pytest.raises(RuleBroken, match=r"section\.circle"),
        transaction(office.engine) as session,
        guards.circle_refused(session),
    ):
        session.get_one(Section, zei).parent_id = deep


def test_two_who_close_a_circle_together_do_not_both_succeed(office: House) -> None:
    """Each puts one section under the other, at once."""
    pair = [("shomin", "kotei"), ("kotei", "shomin")]

    def put(names: tuple[str, str]) -> bool:
        try:
            change(office, names[0], parent_id=id_of(office, names[1]))
        except RuleBroken:
            return False
        return True

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(put, pair)) == [False, True]


def test_a_guard_that_is_taken_away_is_missed(house: House) -> None:
    dialect = house.engine.dialect.name
    for name in sorted(guards.GUARDS[dialect]):
        with transaction(house.engine) as session:
            assert guards.missing(session) == []
            session.execute(text(f"DROP TRIGGER {name}" + " ON sections" * (dialect == "postgresql")))
            assert guards.missing(session) == [name]
            session.rollback()


def test_a_section_closes_when_everybody_has_left_it_and_those_below_are_closed(office: House) -> None:
    with pytest.raises(RuleBroken) as caught:
        change(office, "shomin", until_on=NEXT - timedelta(days=1))
    assert caught.value.facts == {"people": 2, "sections": 0}
    for who in ("goto", "hara"):
        move(office, who, "kotei", NEXT)
    with pytest.raises(RuleBroken):
        change(office, "shomin", until_on=DAY)
    assert change(office, "shomin", until_on=NEXT - timedelta(days=1)).is_open(DAY)
    with pytest.raises(RuleBroken) as caught:
        change(office, "zei", until_on=NEXT)
    assert caught.value.facts["sections"] == 1


def test_nobody_belongs_to_a_section_after_its_last_day(office: House) -> None:
    with transaction(office.engine) as session:
        add(session, "old")
    change(office, "old", until_on=NEXT)
    hire(office, "late", "old")
    with reading(office.engine) as session:
        (stay,) = staffing.stays_of(session, office.people["late"].id)
    assert stay.until_on == NEXT
    for on in (NEXT + timedelta(days=1), NEXT + timedelta(days=30)):
        with pytest.raises(RuleBroken, match=r"section\.closed"):
            move(office, "goto", "old", on)
    move(office, "goto", "old", NEXT)
    with reading(office.engine) as session:
        assert staffing.stays_of(session, office.people["goto"].id)[-1].until_on == NEXT
    with pytest.raises(RuleBroken, match=r"section\.closed"):
        change(office, "kotei", parent_id=id_of(office, "old"))
    change(office, "old", until_on=None)
    change(office, "kotei", parent_id=id_of(office, "old"))


# Over the API


def test_sections_are_kept_over_the_api_with_their_versions(house: House, api: Api) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "chiba@example.jp").values(role=Role.PERSONNEL))
    made = api.call("chiba", "POST", "/sections", {"code": "kikaku", "name": "企画係", "parent_id": 1})
    assert made.status_code == 201
    path = made.headers["Location"].removeprefix("/api/v1")
    assert problem(api.call("chiba", "PATCH", path, {"name": "x"})) == (428, "request.version_required")
    tag = made.headers["ETag"]
    changed = api.call("chiba", "PATCH", path, {"name": "企画調整係", "until": "2027-03-31"}, If_Match=tag)
    assert changed.get_json() == {
        "id": made.get_json()["id"],
        "code": "kikaku",
        "name": "企画調整係",
        "name_en": "",
        "parent_id": 1,
        "until": "2027-03-31",
    }
    assert problem(api.call("chiba", "PATCH", path, {"name": "x"}, If_Match=tag)) == (412, "request.stale")
    assert api.call("aoki", "GET", path).headers["ETag"] == changed.headers["ETag"]
    assert changed.get_json() in api.call("aoki", "GET", "/sections").get_json()["items"]
    assert problem(api.call("aoki", "POST", "/sections", {"code": "x", "name": "x"})) == (
        403,
        "access.denied",
    )


@pytest.mark.parametrize("code", ["", " a", "a|b", "a" * 33])
def test_a_code_that_a_file_could_not_name_is_refused(house: House, api: Api, code: str) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "chiba@example.jp").values(role=Role.IT))
    refused = api.call("chiba", "POST", "/sections", {"code": code, "name": "x"})
    assert problem(refused) == (422, "request.invalid")
