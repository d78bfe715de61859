"""What the API shows of booked against actual."""

from datetime import timedelta

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.fields import Identifier, Instant, Text, check_span
from app.http import PageArguments
from app.usage.rules import Reason

LONGEST = timedelta(days=62)


class UsageQuery(PageArguments):
    space = Identifier(load_default=None)
    zone = Identifier(load_default=None)
    section = Identifier(load_default=None)
    start = Instant(data_key="from", required=True)
    end = Instant(data_key="to", required=True)

    @validates_schema
    def is_a_span(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        check_span(data.get("start"), data.get("end"), LONGEST, "to")


class SpanView(Schema):
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()


class CorrectionView(Schema):
    """What the facility staff found; `span` null: nobody came."""

    span = fields.Nested(SpanView, allow_none=True)
    reason = fields.String()
    note = fields.String()
    made_at = fields.AwareDateTime()
    made_by = fields.Integer(allow_none=True)


class CorrectionRequest(Schema):
    """Both ends, or neither: nobody came."""

    start = Instant(load_default=None, allow_none=True)
    end = Instant(load_default=None, allow_none=True)
    reason = fields.String(required=True, validate=validate.OneOf([one.value for one in Reason]))
    note = Text(load_default="", validate=validate.Length(max=200))

    @validates_schema
    def is_a_span_or_none(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        start, end = data.get("start"), data.get("end")
        if (start is None) != (end is None) or (start and end and start >= end):
            raise ValidationError("give both ends in order, or neither", "end")


class ToldView(Schema):
    """One thing that happened to a booking; `text` in the reader's language."""

    at = fields.AwareDateTime(attribute="at")
    kind = fields.String()
    who = fields.String(metadata={"description": "empty: nobody's hand, or no longer kept"})
    text = fields.String()
    changes = fields.List(fields.String())
    why = fields.String()


class HistoryList(Schema):
    items = fields.List(fields.Nested(ToldView))
    next_cursor = fields.Integer(allow_none=True)


class LedgerView(Schema):
    space_id = fields.Integer(attribute="space.id")
    space_code = fields.String(attribute="space.code")
    booking_id = fields.Integer(attribute="booking.id", dump_default=None, allow_none=True)
    status = fields.String(attribute="booking.status", dump_default=None, allow_none=True)
    reason = fields.String(attribute="booking.reason", dump_default=None, allow_none=True)
    booked = fields.Nested(SpanView, attribute="booking.span", dump_default=None, allow_none=True)
    actual = fields.Nested(SpanView, allow_none=True)
    real = fields.Nested(
        SpanView, allow_none=True, metadata={"description": "what figures use: corrected where somebody did"}
    )
    flag = fields.String()
    correction = fields.Nested("CorrectionView", dump_default=None, allow_none=True)


class UsageList(Schema):
    items = fields.List(fields.Nested(LedgerView))
    next_cursor = fields.String(allow_none=True)
