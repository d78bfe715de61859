"""One's own data, and files out and in, in the browser: a file's diff is shown before anything is done."""

from __future__ import annotations

import base64
import binascii
import json

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from app.access import READERS, allow, asker
from app.csv_text import ENCODINGS, UTF8
from app.database import reading, rehearsal, transaction
from app.errors import DomainError, RuleBroken, Stale
from app.extensions import db
from app.http import now, settings
from app.records import own
from app.records.routes import ALL_KEEPERS, KEEPERS, asked_by, download, sheet_of
from app.records.sheets import service
from app.records.sheets.sheet import Sheet
from app.wording import explain

pages = Blueprint("records_pages", __name__)
SHOWN_AT_MOST = 200


@pages.get("/me")
@allow(*READERS)
def me() -> str:
    """What is kept about oneself and for how long."""
    return render_template("me.html", keeping=settings().keeping)


@pages.get("/me/export")
@allow(*READERS)
def export_own() -> Response:
    with reading(db.engine) as session:
        data = {"exported_at": now().isoformat(), "data": own.own_data(session, asker().id)}
    answer = make_response(json.dumps(data, ensure_ascii=False, indent=1))
    answer.headers["Content-Type"] = "application/json; charset=utf-8"
    answer.headers["Content-Disposition"] = 'attachment; filename="akiseki-my-data.json"'
    return answer


@pages.get("/files")
@allow(*ALL_KEEPERS)
def files() -> str:
    names = [name for name in service.SHEETS if asker().role in KEEPERS[name]]
    return render_template("files.html", sheets=[service.SHEETS[name] for name in names])


@pages.get("/files/<string:name>")
@allow(*ALL_KEEPERS)
def export_file(name: str) -> Response:
    encoding = request.args.get("encoding", UTF8)
    return download(sheet_of(name, asker()), encoding if encoding in ENCODINGS else UTF8)


@pages.post("/files/<string:name>")
@allow(*ALL_KEEPERS)
def upload(name: str) -> BaseResponse | str:
    """First what would change; then, confirmed, the same file is taken: as it was shown, or it is shown anew."""
    sheet, is_stale = sheet_of(name, asker()), False
    try:
        content = _content()
        if request.form.get("confirmed"):
            try:
                return _take(sheet, content, request.form.get("version", ""))
            except Stale:
                is_stale = True
        with rehearsal(db.engine) as session:
            diff = service.rehearse(session, sheet, content, asked_by(asker()))
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("records_pages.files"))
    return render_template(
        "import.html",
        sheet=sheet,
        diff=diff,
        is_stale=is_stale,
        most=SHOWN_AT_MOST,
        content=base64.b64encode(content).decode(),
        explain=explain,
    )


def _take(sheet: Sheet, content: bytes, version: str) -> BaseResponse:
    """Do what was shown in a version. Raises as `app.records.sheets.service.import_file`."""
    with transaction(db.engine) as session:
        diff = service.import_file(session, sheet, content, asked_by(asker()), agreed={version})
    flash(
        gettext(
            "Taken: %(added)s added, %(changed)s changed.", added=len(diff.added), changed=len(diff.changed)
        ),
        "done",
    )
    if diff.moves:
        moved = gettext("%(n)s bookings were moved or ended, and their people are told.", n=len(diff.moves))
        flash(moved, "done")
    return redirect(url_for("records_pages.files"))


def _content() -> bytes:
    file = request.files.get("file")
    if file is not None:
        return bytes(file.read())
    try:
        return base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error as error:
        raise RuleBroken("request.invalid") from error
