"""API of reports: as JSON, or as CSV for spreadsheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Response, make_response

from app.access import READERS, allow, asker
from app.csv_text import CP932, Written, write
from app.database import reading
from app.errors import Forbidden
from app.extensions import db
from app.http import Blueprint, settings
from app.reports.listing import Report, get_report, made
from app.reports.rules.caps import LIMITS, Cap
from app.reports.rules.table import Kind, Table, Value, plain
from app.reports.schemas import ReportQuery, ReportView
from app.reports.service import Ask, sees_others
from app.wording import of_reports

api = Blueprint("reports", "reports", url_prefix="/api/v1", description="Reports of telework")
CSV = "text/csv"
EITHER = {"application/json": {"schema": ReportView}, CSV: {"schema": {"type": "string"}}}


@api.route("/reports/<string:name>")
@api.arguments(ReportQuery, location="query")
@api.response(200, ReportView)
@api.doc(responses={"200": {"description": "the report", "content": EITHER}})
@allow(*READERS)
def report(query: dict[str, Any], name: str) -> Any:
    """A report: one's own figures, a chief's sections, or all for personnel; CSV carries X-Lost-Characters"""
    found = get_report(name)
    table = table_of(found, query["first"], query["last"], caps_asked(query))
    if query["format"] == "csv":
        return download(found, table, query["first"], query["last"], query["encoding"])
    return {
        "name": found.name,
        "first": query["first"],
        "last": query["last"],
        "sums_until": table.facts.get("sums_until"),
        "columns": [
            {"key": one.key, "kind": one.kind.value, "title": of_reports.title(one.key)}
            for one in table.columns
        ],
        "rows": table.rows,
    }


def caps_asked(query: Mapping[str, Any]) -> Sequence[Cap]:
    """The caps of a query, given in days; without any each person's own hold."""
    return [Cap.of_days(limit, query[limit.value]) for limit in LIMITS if query.get(limit.value)]


def table_of(found: Report, first: date, last: date, caps: Sequence[Cap]) -> Table:
    """A report for whoever asks. Raises Forbidden `reports.not_allowed` where it tells of nobody in particular."""
    if not found.of_people and not sees_others(asker()):
        raise Forbidden("reports.not_allowed", name=found.name)
    with reading(db.engine) as session:
        return made(session, found, Ask.by(session, asker(), first, last, settings()), caps)


def written(table: Table, encoding: str) -> Written:
    """A table as a CSV file in the reader's language."""
    header = [of_reports.title(one.key) for one in table.columns]
    rows = [[_cell(row[one.key], one.kind) for one in table.columns] for row in table.rows]
    return write(header, rows, encoding)


def _cell(value: Value, kind: Kind) -> str:
    return of_reports.word(str(value)) if kind is Kind.WORD and value is not None else plain(value, kind)


def download(found: Report, table: Table, first: date, last: date, encoding: str) -> Response:
    """A report as a file."""
    file = written(table, encoding)
    answer = make_response(file.content)
    answer.headers["Content-Type"] = f"{CSV}; charset={'windows-31j' if encoding == CP932 else 'utf-8'}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.name}-{first}-{last}.csv"'
    answer.headers["X-Lost-Characters"] = str(len(file.lost))
    return answer
