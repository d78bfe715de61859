"""What the API takes and shows of reports."""

from __future__ import annotations

from datetime import timedelta

from marshmallow import Schema, fields, validate, validates_schema

from app.csv_text import ENCODINGS, UTF8
from app.fields import Day, check_span
from app.reports.rules.table import Kind

LONGEST = timedelta(days=366)
MOST_DAYS = 366


class ReportQuery(Schema):
    """The days, both included. Caps in days, of the report `caps`; without any, those of the rule that holds for each
    person on the last day."""

    first = Day(data_key="from", required=True)
    last = Day(data_key="to", required=True)
    format = fields.String(load_default="json", validate=validate.OneOf(["json", "csv"]))
    encoding = fields.String(load_default=UTF8, validate=validate.OneOf(ENCODINGS))
    week = fields.Integer(load_default=None, validate=validate.Range(1, 7))
    month = fields.Integer(load_default=None, validate=validate.Range(1, 31))
    fiscal_year = fields.Integer(load_default=None, validate=validate.Range(1, MOST_DAYS))
    in_a_row = fields.Integer(load_default=None, validate=validate.Range(1, MOST_DAYS))

    @validates_schema
    def is_a_span(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        check_span(data.get("first"), data.get("last"), LONGEST, "to", or_equal=True)


class ReportColumn(Schema):
    key = fields.String()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in Kind]))
    title = fields.String()


class ReportView(Schema):
    """`rows`: by the keys of the columns; a share is of one, computed from the counts beside it. `sums_until`: of days
    up to it the people are forgotten (RULES 19): only sums are told, and the ministry's sheet as of 1 October."""

    name = fields.String()
    first = fields.Date(data_key="from")
    last = fields.Date(data_key="to")
    sums_until = fields.Date(allow_none=True)
    columns = fields.List(fields.Nested(ReportColumn))
    rows = fields.List(fields.Dict(keys=fields.String()))
