"""What the API shows of the layout."""

from typing import Any

from marshmallow import Schema, fields, validate

from app.fields import Identifier
from app.http import PageArguments
from app.spaces.rules import Kind


class FloorView(Schema):
    id = fields.Integer()
    code = fields.String()
    name = fields.String()
    name_en = fields.String()


class FloorList(Schema):
    items = fields.List(fields.Nested(FloorView))
    next_cursor = fields.Integer(allow_none=True)


class ZoneView(Schema):
    id = fields.Integer()
    floor_id = fields.Integer()
    section_id = fields.Integer(allow_none=True)
    code = fields.String()
    name = fields.String()
    name_en = fields.String()
    free_seating = fields.Boolean()


class ZoneList(Schema):
    items = fields.List(fields.Nested(ZoneView))
    next_cursor = fields.Integer(allow_none=True)


class SpaceView(Schema):
    """Of a pair: the space, and whether it is out of order now."""

    id = fields.Integer()
    code = fields.String()
    kind = fields.String()
    zone_id = fields.Integer()
    capacity = fields.Integer()
    out_of_order = fields.Boolean()

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        space, out_of_order = obj
        return out_of_order if attr == "out_of_order" else super().get_attribute(space, attr, default)


class SpaceQuery(PageArguments):
    floor = Identifier(load_default=None)
    zone = Identifier(load_default=None)
    kind = fields.String(load_default=None, validate=validate.OneOf([kind.value for kind in Kind]))


class SpaceList(Schema):
    items = fields.List(fields.Nested(SpaceView))
    next_cursor = fields.Integer(allow_none=True)


class ZoneQuery(Schema):
    floor = Identifier(load_default=None)
