"""API of records: one's own data, files out and in."""

from typing import Any

from flask import Response, make_response, request

from app.access import READERS, Person, Role, allow, asker
from app.database import reading, rehearsal, transaction
from app.errors import Forbidden, NotFound
from app.extensions import db
from app.http import (
    ETAG_HEADER,
    IF_MATCH_IF_SENT,
    Blueprint,
    etag,
    is_model_known,
    model_timing,
    now,
    settings,
    today,
)
from app.records import own
from app.records.schemas import DiffView, ExportQuery, ImportQuery, OwnData
from app.records.sheets import service
from app.records.sheets.sheet import Asked, Sheet

api = Blueprint("records", "records", url_prefix="/api/v1", description="Files and one's own data")
CSV = "text/csv"
# Who looks after what a file holds.
KEEPERS = {
    "sections": frozenset({Role.PERSONNEL, Role.IT}),
    "people": frozenset({Role.PERSONNEL, Role.IT}),
    "spaces": frozenset({Role.FACILITY, Role.IT}),
    "sensors": frozenset({Role.FACILITY, Role.IT}),
    "calendar": frozenset({Role.PERSONNEL, Role.FACILITY, Role.IT}),
}
ALL_KEEPERS = frozenset({Role.PERSONNEL, Role.IT, Role.FACILITY})
UPLOAD_AT_MOST = 4 * 1024 * 1024
UPLOADS = frozenset({"records.import_file", "records_pages.upload"})


def allow_uploads() -> None:
    """Before anything reads the body: files may be larger than the bodies of other requests."""
    if request.endpoint in UPLOADS:
        request.max_content_length = UPLOAD_AT_MOST
        request.max_form_memory_size = 2 * UPLOAD_AT_MOST


def sheet_of(name: str, person: Person) -> Sheet:
    """A kind of file that this person may read and write. Raises NotFound, Forbidden."""
    if name not in service.SHEETS:
        raise NotFound("request.unknown")
    if person.role not in KEEPERS[name]:
        raise Forbidden("csv.not_allowed", name=name)
    return service.SHEETS[name]


def asked_by(person: Person) -> Asked:
    """An import by somebody now."""
    return Asked(
        now(),
        today(),
        person.id,
        person.role,
        timezone=str(settings().timezone),
        timing=model_timing,
        knows=is_model_known,
    )


@api.route("/me/export")
@api.response(200, OwnData)
@allow(*READERS)
def own_data() -> Any:
    """All that is stored about oneself"""
    with reading(db.engine) as session:
        return {"data": own.own_data(session, asker().id), "exported_at": now()}


@api.route("/exports/<string:name>")
@api.arguments(ExportQuery, location="query")
@api.response(200, content_type=CSV)
@allow(*ALL_KEEPERS)
def export_file(query: dict[str, Any], name: str) -> Response:
    """Sections, people, spaces, sensors or days as CSV; X-Lost-Characters counts what CP932 could not carry"""
    return download(sheet_of(name, asker()), query["encoding"])


def download(sheet: Sheet, encoding: str) -> Response:
    """A file as the answer."""
    with transaction(db.engine) as session:
        written = service.export(session, sheet, asked_by(asker()), encoding)
    answer = make_response(written.content)
    answer.headers["Content-Type"] = f"{CSV}; charset={'windows-31j' if encoding != 'utf-8' else encoding}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{sheet.name}.csv"'
    answer.headers["X-Lost-Characters"] = str(len(written.lost))
    return answer


@api.route("/imports/<string:name>", methods=["POST"])
@api.arguments(ImportQuery, location="query")
@api.response(200, DiffView, headers=ETAG_HEADER)
@api.doc(
    parameters=[IF_MATCH_IF_SENT],
    requestBody={"required": True, "content": {CSV: {"schema": {"type": "string"}}}},
)
@allow(*ALL_KEEPERS)
def import_file(query: dict[str, Any], name: str) -> Any:
    """Add and change what a CSV file says: all of it, or nothing where a line is refused; with the ETag of a dry run in
    If-Match, what that told or nothing"""
    sheet, content = sheet_of(name, asker()), request.get_data()
    if query["dry_run"]:
        with rehearsal(db.engine) as session:
            diff = service.rehearse(session, sheet, content, asked_by(asker()))
        return diff, 200, {"ETag": etag(diff.version)}
    agreed = request.if_match if "If-Match" in request.headers else None
    with transaction(db.engine) as session:
        return service.import_file(session, sheet, content, asked_by(asker()), agreed=agreed)
