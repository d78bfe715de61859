"""What the API takes and shows of the queue."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.fields import Identifier, Instant
from app.http import PageArguments
from app.spaces.rules import LANES, Kind, Lane

LONGEST_MINUTES = 24 * 60


class WaitRequest(Schema):
    """A space, or a kind, a zone, a site, or a kind there. A zone or a site alone means a desk there, unless `lane`
    says so."""

    kind = fields.String(load_default=None, validate=validate.OneOf([kind.value for kind in Kind]))
    zone_id = Identifier(load_default=None, strict=True)
    space_id = Identifier(load_default=None, strict=True)
    site_id = Identifier(
        load_default=None,
        allow_none=True,
        strict=True,
        metadata={"description": "of a kind or a lane; null: where one's own section has its zone"},
    )
    lane = fields.String(load_default=None, validate=validate.OneOf([lane.value for lane in Lane]))
    start = Instant(required=True)
    end = Instant(required=True)
    minutes = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, 1440),
        metadata={"description": "so long, whenever it is one's turn within the span; null: all of it"},
    )

    @validates_schema
    def wants_one_thing(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        names = ("kind", "zone_id", "space_id", "site_id")
        kind, zone_id, space_id, site_id = (data.get(name) for name in names)
        if kind is None and zone_id is None and space_id is None and site_id is None:
            raise ValidationError("name a space_id, a kind, a zone_id or a site_id", "kind")
        if site_id is not None and (zone_id is not None or space_id is not None):
            raise ValidationError("a zone and a space have their site already", "site_id")
        if space_id is not None and (kind is not None or zone_id is not None):
            raise ValidationError("a space has its kind and zone already", "space_id")
        if kind and data.get("lane") not in {None, LANES[Kind(kind)].value}:
            raise ValidationError("is not the lane of that kind", "lane")
        if data.get("start") and data.get("end") and data["start"] >= data["end"]:
            raise ValidationError("must be after start", "end")


class DrawRequest(Schema):
    zone_id = Identifier(required=True, strict=True)
    minutes = fields.Integer(load_default=30, strict=True, validate=validate.Range(1, 120))


class EntryView(Schema):
    """Of a `service.Standing`: an entry, its place in line and what is held for it."""

    id = fields.Integer()
    user_id = fields.Integer(allow_none=True)
    kind = fields.String(allow_none=True)
    lane = fields.String()
    zone_id = fields.Integer(allow_none=True)
    space_id = fields.Integer(allow_none=True)
    site_id = fields.Integer(allow_none=True)
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at")
    minutes = fields.Integer(allow_none=True)
    number = fields.Integer(allow_none=True)
    status = fields.String(
        attribute="state",
        metadata={
            "description": "waiting, offered, accepted, declined, expired, left, over or booked_otherwise"
        },
    )
    hold_until = fields.AwareDateTime(allow_none=True)
    booking_id = fields.Integer(allow_none=True)
    place = fields.Integer(metadata={"description": "1: the next; 0: not waiting"})
    expected_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "about when, as far as is booked today"}
    )
    offered_space_id = fields.Integer(allow_none=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        if attr in {"place", "expected_at"}:
            return getattr(obj, attr)
        if attr == "offered_space_id":
            return obj.held_space.id if obj.held_space else None
        return super().get_attribute(obj.entry, attr, default)


class EntryList(Schema):
    items = fields.List(fields.Nested(EntryView))
    next_cursor = fields.Integer(allow_none=True)


class NumbersQuery(PageArguments):
    zone = Identifier(required=True)


class Accepted(Schema):
    """The booking that an offer became."""

    id = fields.Integer()
    space_id = fields.Integer()
    user_id = fields.Integer(allow_none=True)
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at")
    status = fields.String()
    version = fields.Integer()
