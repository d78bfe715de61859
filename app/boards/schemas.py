"""What the API shows of a floor's availability."""

from datetime import timedelta

from marshmallow import Schema, fields, validates_schema

from app.fields import Instant, check_span

LONGEST_VIEW = timedelta(days=62)


class AvailabilityQuery(Schema):
    start = Instant(required=True)
    end = Instant(required=True)

    @validates_schema
    def is_a_span(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        check_span(data.get("start"), data.get("end"), LONGEST_VIEW, "end")


class AvailableSpace(Schema):
    id = fields.Integer()
    code = fields.String()
    kind = fields.String()
    zone_id = fields.Integer()
    available = fields.Boolean()
    reason = fields.String(allow_none=True)
    occupancy = fields.String()
    booking_id = fields.Integer(allow_none=True)


class Availability(Schema):
    spaces = fields.List(fields.Nested(AvailableSpace))
