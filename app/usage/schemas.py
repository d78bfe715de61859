"""What the API shows of booked against actual."""

from datetime import timedelta

from marshmallow import Schema, ValidationError, fields, validates_schema

from app.fields import Identifier, Instant

LONGEST = timedelta(days=62)


class UsageQuery(Schema):
    space = Identifier(load_default=None)
    zone = Identifier(load_default=None)
    section = Identifier(load_default=None)
    start = Instant(data_key="from", required=True)
    end = Instant(data_key="to", required=True)

    @validates_schema
    def is_a_span(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if (
            data.get("start")
            and data.get("end")
            and not timedelta(0) < data["end"] - data["start"] <= LONGEST
        ):
            raise ValidationError("must be after `from`, by 62 days at most", "to")


class SpanView(Schema):
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()


class LedgerView(Schema):
    space_id = fields.Integer(attribute="space.id")
    space_code = fields.String(attribute="space.code")
    booking_id = fields.Integer(attribute="booking.id", dump_default=None, allow_none=True)
    status = fields.String(attribute="booking.status", dump_default=None, allow_none=True)
    reason = fields.String(attribute="booking.reason", dump_default=None, allow_none=True)
    booked = fields.Nested(SpanView, attribute="booking.span", dump_default=None, allow_none=True)
    actual = fields.Nested(SpanView, allow_none=True)
    flag = fields.String()


class UsageList(Schema):
    items = fields.List(fields.Nested(LedgerView))
    next_cursor = fields.Integer(allow_none=True)
