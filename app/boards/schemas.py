"""What the API shows of a floor's availability."""

from datetime import timedelta

from marshmallow import Schema, fields, validates_schema

from app.fields import Instant, check_span

LONGEST_VIEW = timedelta(days=62)
REASONS = (
    "null where it is available, else the first of: `out_of_order`, `closed`, `not_available` (kept for somebody), "
    "`yours`, `held` (for the queue), `taken`; of the zone: `other_section`, `zone_not_full`, `lots` (still to be "
    "drawn), `free_seating` (sit down and claim it); of time: `horizon` (too far ahead), `opening_hours` (outside the "
    "site's), `buffer` (too near to another booking of the space)"
)


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
    reason = fields.String(allow_none=True, metadata={"description": REASONS})
    occupancy = fields.String()
    booking_id = fields.Integer(allow_none=True)


class Availability(Schema):
    spaces = fields.List(fields.Nested(AvailableSpace))
