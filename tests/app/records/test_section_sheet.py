"""Sections as a file: a tree comes in whole, whatever the order of its lines; a reorganisation closes what is old."""

from __future__ import annotations

from sqlalchemy import select

from app.database import reading
from app.events import history
from app.people.models import Section
from tests.app.records.test_sheets import diff, exported, take
from tests.house import House

TREE = (
    "code,name,name_en,parent\n"
    "shomin,市民税係,Resident tax,zei\n"
    "zaisei,財政局,Finance,\n"
    "zei,税務課,Tax,zeimu\n"
    "zeimu,税務部,Taxes,zaisei\n"
)


def above(house: House) -> dict[str, str]:
    """By code the code of the section above."""
    with reading(house.engine) as session:
        rows = list(session.scalars(select(Section)))
        codes = {one.id: one.code for one in rows}
        return {one.code: codes[one.parent_id] for one in rows if one.parent_id is not None}


def test_a_tree_comes_in_as_a_file_whatever_the_order_of_its_lines(house: House) -> None:
    found = diff(house, "sections", TREE)
    assert [(one.line, one.key) for one in found.added] == [(2, "shomin"), (3, "zaisei"), (5, "zeimu")]
    assert [(one.key, one.differs) for one in found.changed] == [
        ("zei", {"name_en": ("", "Tax"), "parent": ("", "zeimu")})
    ]
    assert above(house) == {}
    take(house, "sections", TREE)
    assert above(house) == {"shomin": "zei", "zei": "zeimu", "zeimu": "zaisei"}
    assert diff(house, "sections", TREE).is_empty
    assert diff(house, "sections", exported(house, "sections").decode()).is_empty
    with reading(house.engine) as session:
        assert [one.kind for one in history(session, "section:zei")] == ["section.changed"]
        assert session.scalars(select(Section.version).where(Section.code == "zei")).one() == 2


def test_what_lies_under_what_is_turned_round_in_one_file(house: House) -> None:
    take(house, "sections", TREE)
    take(house, "sections", "code,parent\nshomin,\nzei,shomin\nzeimu,zei\nzaisei,zeimu\n")
    assert above(house) == {"zei": "shomin", "zeimu": "zei", "zaisei": "zeimu"}


def test_a_section_closes_with_those_below_it_in_one_file(house: House) -> None:
    take(house, "sections", "code,name,parent\nold,旧課,\nolder,旧係,old\n")
    closing = "code,until_on\nold,2027-03-31\nolder,2027/3/31\n"
    assert [one.differs["until_on"] for one in diff(house, "sections", closing).changed] == [
        ("", "2027-03-31")
    ] * 2
    take(house, "sections", closing)
    refused = diff(house, "sections", "code,until_on\nold,2027-03-30\n").refused
    assert [(one.line, one.code) for one in refused] == [(2, "section.in_use")]
    take(house, "sections", "code,until_on\nold,\nolder,\n")
