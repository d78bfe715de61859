"""What the API shows of outages, and what is asked of it to make one."""

from marshmallow import Schema, fields, validate

from app.fields import Instant, Text


class OutageRequest(Schema):
    start = Instant(load_default=None, allow_none=True, metadata={"description": "now, where it is absent"})
    end = Instant(load_default=None, allow_none=True, metadata={"description": "null: until it is mended"})
    reason = Text(load_default="", validate=validate.Length(max=120))
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only tell who would go where"})


class OutageView(Schema):
    """`end` null: until it is mended."""

    id = fields.Integer()
    space_id = fields.Integer()
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at", allow_none=True)
    reason = fields.String()


class OutageList(Schema):
    items = fields.List(fields.Nested(OutageView))
    next_cursor = fields.String(allow_none=True)
