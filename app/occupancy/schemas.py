"""What the API shows of sensors."""

from marshmallow import Schema, fields, validate

from app.fields import Text
from app.http import PAGE_SIZE, PAGE_SIZE_AT_MOST


class SensorQuery(Schema):
    """Sensors have names instead of numbers, so their cursor is the name of the last one shown."""

    limit = fields.Integer(load_default=PAGE_SIZE, validate=validate.Range(1, PAGE_SIZE_AT_MOST))
    cursor = Text(load_default="", validate=validate.Length(max=64))


class SensorView(Schema):
    id = fields.String(attribute="sensor_id")
    model = fields.String()
    space_ids = fields.List(fields.Integer())
    space_codes = fields.List(fields.String())
    state = fields.String()
    last_seen_at = fields.AwareDateTime(allow_none=True)
    battery_pct = fields.Integer(allow_none=True)
    suspect = fields.Boolean(
        metadata={"description": "occupied for over 12 hours, which nobody is: look after it"}
    )
    flapping = fields.Boolean(
        metadata={"description": "over sixty turns within an hour, not longer ago than a day"}
    )
    low = fields.Boolean(metadata={"description": "its battery is at 15 per cent or less"})
    troubles = fields.List(
        fields.String(),
        metadata={"description": "silent, clock, suspect, flapping, untold, battery, gaps: the worst first"},
    )
    missing = fields.Integer(metadata={"description": "readings the sensor numbered that never arrived"})
    restarts = fields.Integer(
        metadata={
            "description": "restarts among what is kept; what it said last before each may be lost, too"
        }
    )


class SensorList(Schema):
    items = fields.List(fields.Nested(SensorView))
    next_cursor = fields.String(allow_none=True)
