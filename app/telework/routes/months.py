"""API of the office's months: preview, closing, reopening, the attendance system's file."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response
from marshmallow import fields
from sqlalchemy.orm import Session

from app import pipeline
from app.access import Role, allow, asker
from app.csv_text import Written
from app.cursors import key_page, paged_by
from app.database import reading, transaction
from app.errors import NotFound
from app.extensions import db
from app.http import Blueprint, now, settings, today
from app.telework.closing import export, service
from app.telework.closing.rules import Month
from app.telework.closing.service import State
from app.telework.guards import hold_closings, hold_month
from app.telework.schemas.days import MappingView, MonthList, MonthPreview, MonthView, WhyRequest
from app.telework.service import Office
from app.versions import changes, shown

api = Blueprint("months", "months", url_prefix="/api/v1", description="Closing the months of the day log")
CSV = "text/csv"
SEERS = (Role.PERSONNEL, Role.AUDITOR)


def month_of(text: str) -> Month:
    """The month that an address names; raises NotFound `telework.month_unknown`."""
    try:
        return Month.read(text)
    except ValueError as error:
        raise NotFound("telework.month_unknown", month=text) from error


@api.route("/telework/months")
@api.arguments(paged_by(fields.Integer(strict=True)), location="query")
@api.response(200, MonthList)
@allow(*SEERS)
def months(query: dict[str, Any]) -> Any:
    """The months of the day log, the newest first"""
    with reading(db.engine) as session:
        listed = service.list_months(session, today())
    page = key_page(listed, query, lambda one: (-one.month.first.toordinal(),))
    return {**page, "items": [_shown(one) for one in page["items"]]}


def _hold(session: Session, *, month: str) -> None:
    on = month_of(month).first
    hold_closings(session)
    hold_month(session, on)


@api.route("/telework/months/<string:month>")
@shown(_hold)
@api.response(200, MonthPreview)
@allow(*SEERS)
def preview(month: str) -> Any:
    """What closing a month such as 2026-11 would freeze, or has frozen"""
    with reading(db.engine) as session:
        found = service.preview(session, month_of(month))
    return {
        **_shown(found.state),
        "days": found.days,
        "half_days": {day_class.value: number for day_class, number in found.counts.by_class.items()},
        "conflicts": found.conflicts,
        "unconfirmed": found.unconfirmed,
        "not_known": [{"name": name, "half_days": number} for name, number in found.unknown],
        "planless": found.planless,
    }


@api.route("/telework/months/<string:month>/close", methods=["POST"])
@changes(preview)
@api.response(200, MonthView)
@allow(Role.PERSONNEL)
def close(month: str) -> Any:
    """Close a month: it is frozen but for personnel's corrections"""
    with transaction(db.engine) as session:
        office = Office.of(settings())
        service.close_month(
            session, month_of(month), actor=asker(), now=now(), office=office, off_on=pipeline.off_on
        )
        return _shown(service.state_of(session, month_of(month)))


@api.route("/telework/months/<string:month>/reopen", methods=["POST"])
@changes(preview)
@api.arguments(WhyRequest)
@api.response(200, MonthView)
@allow(Role.PERSONNEL)
def reopen(body: dict[str, Any], month: str) -> Any:
    """Reopen a closed month, saying why"""
    with transaction(db.engine) as session:
        service.reopen_month(session, month_of(month), why=body["why"], actor=asker(), now=now())
        return _shown(service.state_of(session, month_of(month)))


@api.route("/telework/months/<string:month>/export")
@api.response(200, content_type=CSV)
@api.alt_response(409, description="the month is open (`telework.month_open`)")
@allow(*SEERS)
def export_month(month: str) -> Response:
    """A closed month for the attendance system; X-Lost-Characters counts what CP932 could not carry"""
    return file_of(month_of(month))


def file_of(month: Month) -> Response:
    """A closed month's file as the answer."""
    with reading(db.engine) as session:
        layout = export.layout_of(session)
        written = export.export(session, month, Office.of(settings()))
    return download(written, f"attendance-{month}.csv", layout.encoding)


def download(written: Written, name: str, encoding: str) -> Response:
    """A CSV file as the answer."""
    answer = make_response(written.content)
    answer.headers["Content-Type"] = f"{CSV}; charset={'windows-31j' if encoding == 'cp932' else 'utf-8'}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["X-Lost-Characters"] = str(len(written.lost))
    return answer


@api.route("/telework/export-mapping")
@shown(export.hold_layout)
@api.response(200, MappingView)
@allow(*SEERS)
def mapping() -> Any:
    """How the attendance system wants its file"""
    with reading(db.engine) as session:
        return export.layout_of(session).as_stored()


@api.route("/telework/export-mapping", methods=["PUT"])
@changes(mapping)
@api.arguments(MappingView)
@api.response(200, MappingView)
@allow(Role.PERSONNEL)
def set_mapping(body: dict[str, Any]) -> Any:
    """Say how the attendance system wants its file"""
    with transaction(db.engine) as session:
        return export.set_layout(session, body, actor=asker(), now=now()).as_stored()


def _shown(state: State) -> dict[str, Any]:
    return {
        "month": str(state.month),
        "closed_at": state.closed.closed_at if state.closed else None,
        "closed_by": state.closed_by,
        "is_over": state.is_over,
    }
