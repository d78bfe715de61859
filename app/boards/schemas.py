"""What the API shows of a floor's availability, and of who is in."""

from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.boards.rules import By, Where
from app.fields import Identifier, Instant, Text, check_span
from app.http import PageArguments

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


class PresenceQuery(PageArguments):
    """A section with all below it, or the first letters of a name."""

    section = Identifier(load_default=None)
    q = Text(
        load_default=None,
        validate=validate.Length(1, 40),
        metadata={"description": "of a name or its kana; each person shown is told who looked"},
    )

    @validates_schema
    def asks_for_one(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if (data.get("section") is None) == (data.get("q") is None):
            raise ValidationError("name a section or the beginning of a name", "section")


class PresentView(Schema):
    """Of a `presence.Present`."""

    user_id = fields.Integer(attribute="person.id")
    name = fields.String(attribute="person.name")
    extension = fields.String(attribute="person.extension")
    where = fields.Enum(Where, by_value=True)
    by = fields.Enum(
        By, by_value=True, allow_none=True, metadata={"description": "by which of the person's own words"}
    )
    since = fields.AwareDateTime(allow_none=True)
    until = fields.AwareDateTime(allow_none=True)
    space_id = fields.Integer(allow_none=True, metadata={"description": "at which they checked in"})
    space = fields.String(allow_none=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        match attr:
            case "since":
                return obj.span and obj.span.start
            case "until":
                return obj.span and obj.span.end
            case "space_id":
                return obj.space and obj.space.id
            case "space":
                return obj.space and obj.space.code
        return super().get_attribute(obj, attr, default)


class PresenceList(Schema):
    items = fields.List(fields.Nested(PresentView))
    next_cursor = fields.String(allow_none=True)


class Availability(Schema):
    spaces = fields.List(fields.Nested(AvailableSpace))
