"""API of people: who am I, who works in a section."""

from typing import Any

from app.access import READERS, Role, allow, asker
from app.database import reading
from app.extensions import db
from app.http import Blueprint, today
from app.people import service
from app.people.schemas import MeView, PeopleList, PeopleQuery, SectionList

api = Blueprint("people", "people", url_prefix="/api/v1", description="People and sections")


@api.route("/me")
@api.response(200, MeView)
@allow(*Role)
def me() -> Any:
    """Who the token stands for"""
    person = asker()
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "role": person.role.value,
        "section_ids": sorted(person.section_ids),
    }


@api.route("/people")
@api.arguments(PeopleQuery, location="query")
@api.response(200, PeopleList)
@allow(Role.CHIEF, Role.FACILITY, Role.PERSONNEL, Role.IT, Role.AUDITOR)
def people(query: dict[str, Any]) -> Any:
    """People in the order of their kana; names only, nobody's whereabouts"""
    with reading(db.engine) as session:
        found = service.list_people(session, section_id=query["section"], on=today())
    return {"items": found, "next_cursor": None}


@api.route("/sections")
@api.response(200, SectionList)
@allow(*READERS)
def sections() -> Any:
    """The sections of the office"""
    with reading(db.engine) as session:
        return {"items": service.list_sections(session), "next_cursor": None}
