"""Reports in the browser: chosen, looked at, printed, downloaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from app.access import READERS, allow, asker
from app.csv_text import ENCODINGS
from app.errors import RuleBroken
from app.http import today
from app.reports.listing import REPORTS, Report, get_report
from app.reports.routes import caps_asked, download, table_of
from app.reports.rules.caps import LIMITS
from app.reports.rules.table import Kind, Value, plain
from app.reports.schemas import ReportQuery
from app.reports.service import sees_others, sheet_days
from app.wording import of_reports
from app.working_days import fiscal_days, fiscal_year

pages = Blueprint("reports_pages", __name__, url_prefix="/reports")


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a report, both included."""

    first: date
    last: date


def usual_span(name: str, on: date) -> Span:
    """The days that a report is about where nobody chose others: last month; for the ministry from April to the last
    1 October; for fairness the fiscal year; for caps the periods that today lies in."""
    match name:
        case "telework_monthly":
            last = on.replace(day=1) - timedelta(days=1)
            return Span(last.replace(day=1), last)
        case "telework_yearly":
            return Span(*sheet_days(on))
        case "fairness":
            return Span(*fiscal_days(fiscal_year(on)))
        case _:
            return Span(on, on)


@pages.get("")
@allow(*READERS)
def listed() -> str:
    return render_template("reports.html", reports=[one for one in REPORTS.values() if _is_for_asker(one)])


def _is_for_asker(report: Report) -> bool:
    return report.of_people or sees_others(asker())


@pages.get("/<string:name>")
@allow(*READERS)
def report(name: str) -> str:
    found = get_report(name)
    span, query = _asked(found)
    caps = caps_asked(query)
    table = table_of(found, span.first, span.last, caps)
    return render_template(
        "report.html",
        report=found,
        span=span,
        table=table,
        caps={one.limit.value: int(one.shown(one.at_most)) for one in caps},
        periods=[one.value for one in LIMITS] if name == "caps" else [],
        numeric={Kind.NUMBER, Kind.SHARE, Kind.POINTS},
        shown=shown,
        asked={
            "from": span.first.isoformat(),
            "to": span.last.isoformat(),
            **{one.value: query[one.value] for one in LIMITS if query.get(one.value)},
        },
    )


def shown(value: Value, kind: Kind) -> str:
    """A cell as people read it."""
    if value is None:
        return "–"
    return of_reports.word(str(value)) if kind is Kind.WORD else plain(value, kind)


@pages.get("/<string:name>/csv")
@allow(*READERS)
def report_csv(name: str) -> Response:
    found = get_report(name)
    span, query = _asked(found)
    encoding = request.args.get("encoding", ENCODINGS[0])
    if encoding not in ENCODINGS:
        raise RuleBroken("request.invalid")
    table = table_of(found, span.first, span.last, caps_asked(query))
    return download(found, table, span.first, span.last, encoding)


def _asked(found: Report) -> tuple[Span, Mapping[str, Any]]:
    """The days and caps of the address; the usual ones where it names none that can be."""
    usual = usual_span(found.name, today())
    given = {key: value for key, value in request.args.items() if value and key in ReportQuery().fields}
    given = {"from": request.args.get("from", ""), "to": request.args.get("to", "")} | given
    if not (given["from"] or given["to"]):
        given |= {"from": usual.first.isoformat(), "to": usual.last.isoformat()}
    names: Sequence[str] = ("from", "to", *LIMITS)
    try:
        query: dict[str, Any] = ReportQuery().load({key: given[key] for key in names if key in given})
    except ValidationError:
        flash(gettext("Choose a first day and a last day after it, a year apart at most."), "error")
        return usual, {}
    return Span(query["first"], query["last"]), query
