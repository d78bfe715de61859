"""API of the sections of the office (局・部・課・係)."""

from __future__ import annotations

from typing import Any

from app.access import READERS, allow, asker
from app.cursors import BY_ID, by_id, key_page, paged_by
from app.database import reading, transaction
from app.extensions import db
from app.http import ETAG_HEADER, IF_MATCH, Blueprint, etag, now, require_version, today
from app.people import sections, service
from app.people.routes import KEEPERS
from app.people.schemas import NewSection, SectionChange, SectionList, SectionRowView

api = Blueprint("sections", "sections", url_prefix="/api/v1", description="Sections")


@api.route("/sections")
@api.arguments(paged_by(*BY_ID), location="query")
@api.response(200, SectionList)
@allow(*READERS)
def list_sections(query: dict[str, Any]) -> Any:
    """The sections of the office"""
    with reading(db.engine) as session:
        return key_page(service.list_sections(session), query, by_id)


@api.route("/sections", methods=["POST"])
@api.arguments(NewSection)
@api.response(201, SectionRowView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def add_section(body: dict[str, Any]) -> Any:
    """Add a section (局・部・課・係), at the top or under another"""
    with transaction(db.engine) as session:
        section = sections.add(session, body, actor_id=asker().id, now=now(), on=today())
        session.expunge(section)
    return section, 201, {"ETag": etag(section.version), "Location": f"/api/v1/sections/{section.id}"}


@api.route("/sections/<int:section_id>")
@api.response(200, SectionRowView, headers=ETAG_HEADER)
@allow(*READERS)
def section(section_id: int) -> Any:
    """One section"""
    with reading(db.engine) as session:
        found = sections.get_section(session, section_id)
        return found, 200, {"ETag": etag(found.version)}


@api.route("/sections/<int:section_id>", methods=["PATCH"])
@api.doc(parameters=[IF_MATCH])
@api.arguments(SectionChange)
@api.response(200, SectionRowView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def change_section(body: dict[str, Any], section_id: int) -> Any:
    """Name a section anew, put it under another, close it or open it again; send the version in If-Match"""
    with transaction(db.engine) as session:
        found = sections.get_section(session, section_id, to_change=True)
        require_version(found.version)
        sections.change(session, found, body, actor_id=asker().id, now=now(), on=today())
        session.expunge(found)
    return found, 200, {"ETag": etag(found.version)}
