"""What the API shows of the layout."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.fields import Day, Identifier, Instant, Text, one_line
from app.http import PageArguments
from app.spaces.rules import MOST_SENSOR_NAME, SENSOR_NAME, Kind
from app.texts import as_on_wire


class FloorView(Schema):
    id = fields.Integer()
    code = fields.String()
    name = fields.String()
    name_en = fields.String()


class FloorList(Schema):
    items = fields.List(fields.Nested(FloorView))
    next_cursor = fields.String(allow_none=True)


class ZoneView(Schema):
    id = fields.Integer()
    floor_id = fields.Integer()
    section_id = fields.Integer(allow_none=True)
    code = fields.String()
    name = fields.String()
    name_en = fields.String()
    free_seating = fields.Boolean()
    x = fields.Integer()
    y = fields.Integer()
    width = fields.Integer()
    height = fields.Integer()


class ZoneList(Schema):
    items = fields.List(fields.Nested(ZoneView))
    next_cursor = fields.String(allow_none=True)


class SpaceView(Schema):
    """Of a `barriers.SpaceNow`."""

    id = fields.Integer()
    code = fields.String()
    kind = fields.String()
    zone_id = fields.Integer()
    capacity = fields.Integer()
    out_of_order = fields.Boolean()
    x = fields.Integer()
    y = fields.Integer()
    width = fields.Integer()
    height = fields.Integer()

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        return super().get_attribute(obj if attr == "out_of_order" else obj.space, attr, default)


class SpaceQuery(PageArguments):
    floor = Identifier(load_default=None)
    zone = Identifier(load_default=None)
    kind = fields.String(load_default=None, validate=validate.OneOf([kind.value for kind in Kind]))


class SpaceList(Schema):
    items = fields.List(fields.Nested(SpaceView))
    next_cursor = fields.Integer(allow_none=True)


class ZoneQuery(PageArguments):
    floor = Identifier(load_default=None)


class SiteView(Schema):
    id = fields.Integer()
    code = fields.String()
    name = fields.String()
    timezone = fields.String()
    opens = fields.Time(allow_none=True, format="%H:%M")
    closes = fields.Time(allow_none=True, format="%H:%M")
    working_days_only = fields.Boolean()


class SiteList(Schema):
    items = fields.List(fields.Nested(SiteView))
    next_cursor = fields.String(allow_none=True)


class OpeningRequest(Schema):
    """Local times; null: no limit on that side."""

    opens = fields.Time(required=True, allow_none=True, format="%H:%M")
    closes = fields.Time(required=True, allow_none=True, format="%H:%M")
    working_days_only = fields.Boolean(required=True)


class ClosureRequest(Schema):
    site_id = Identifier(required=True, strict=True)
    zone_id = Identifier(load_default=None, allow_none=True, strict=True)
    start = Instant(load_default=None, allow_none=True, metadata={"description": "now, where it is absent"})
    end = Instant(required=True)
    reason = Text(load_default="", validate=validate.Length(max=120))
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only count what would end"})


class ClosureView(Schema):
    id = fields.Integer(allow_none=True)
    site_id = fields.Integer()
    zone_id = fields.Integer(allow_none=True)
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at")
    reason = fields.String()


class ClosureMade(ClosureView):
    bookings_ended = fields.Integer()


class ClosureList(Schema):
    items = fields.List(fields.Nested(ClosureView))
    next_cursor = fields.String(allow_none=True)


class GuestDayView(Schema):
    """A weekday (0: Monday) or a date; `section_id` null: guests of every section."""

    section_id = Identifier(load_default=None, allow_none=True, strict=True)
    weekday = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 6))
    on = Day(load_default=None, allow_none=True)

    @validates_schema
    def names_one_day(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if (data.get("weekday") is None) == (data.get("on") is None):
            raise ValidationError("name a weekday or a date, not both", "weekday")


class ZoneRules(Schema):
    """Who besides the zone's section may sit there, and where its people may when it is full, in order."""

    guests = fields.List(fields.Nested(GuestDayView), required=True, validate=validate.Length(max=200))
    overflow = fields.List(Identifier(strict=True), required=True, validate=validate.Length(max=50))


class DryRun(Schema):
    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "only tell what would become of it"}
    )


class MoveView(Schema):
    """A booking and where it goes; `to_space_id` null: it ends, at `stays_until` or at once, and its person is told."""

    booking_id = fields.Integer()
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()
    from_code = fields.String()
    to_space_id = fields.Integer(allow_none=True)
    to_code = fields.String()
    stays_until = fields.AwareDateTime(allow_none=True)


class MoveList(Schema):
    moves = fields.List(fields.Nested(MoveView))


def moves_shown(moves: Sequence[Any]) -> dict[str, Any]:
    """A `MoveList` of the moves of bookings."""
    return {
        "moves": [
            {
                "booking_id": one.booking.id,
                "start": one.booking.start_at,
                "end": one.booking.end_at,
                "from_code": one.from_code,
                "to_space_id": one.space_id,
                "to_code": one.code,
                "stays_until": one.until,
            }
            for one in moves
        ]
    }


class FixedSeatRequest(Schema):
    user_id = Identifier(required=True, strict=True)
    first = Day(data_key="from", required=True)
    last = Day(data_key="until", load_default=None, allow_none=True)
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only tell who would go where"})

    @validates_schema
    def is_a_span(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            raise ValidationError("must not be before from", "until")


class FixedSeatView(Schema):
    id = fields.Integer()
    space_id = fields.Integer()
    user_id = fields.Integer()
    first = fields.Date(data_key="from", attribute="from_on")
    last = fields.Date(data_key="until", attribute="until_on", allow_none=True)


class FixedSeatMade(FixedSeatView):
    moves = fields.List(fields.Nested(MoveView))


class FixedSeatList(Schema):
    items = fields.List(fields.Nested(FixedSeatView))
    next_cursor = fields.String(allow_none=True)


_NUMBER: dict[str, Any] = {"strict": True, "validate": validate.Range(0, 100_000)}
_CODE: dict[str, Any] = {
    "validate": [
        validate.Length(1, 32),
        validate.Regexp(r"\S(.*\S)?\Z", error="must not begin or end with a space"),
    ]
}
_NAME: dict[str, Any] = {"validate": validate.Length(1, 80)}
_KIND: dict[str, Any] = {"validate": validate.OneOf([kind.value for kind in Kind])}


class ZoneChange(Schema):
    """What is to differ."""

    floor_id = Identifier(strict=True)
    section_id = Identifier(strict=True, allow_none=True, metadata={"description": "null: everybody's"})
    code = Text(**_CODE)
    name = Text(**_NAME)
    name_en = Text(validate=validate.Length(max=80))
    free_seating = fields.Boolean(metadata={"description": "true: nobody books there, a seat is claimed"})
    x = fields.Integer(**_NUMBER)
    y = fields.Integer(**_NUMBER)
    width = fields.Integer(**_NUMBER)
    height = fields.Integer(**_NUMBER)


class NewZone(ZoneChange):
    floor_id = Identifier(strict=True, required=True)
    section_id = Identifier(strict=True, allow_none=True, load_default=None)
    code = Text(required=True, **_CODE)
    name = Text(required=True, **_NAME)


class SpaceChange(Schema):
    """What is to differ."""

    zone_id = Identifier(strict=True)
    code = Text(**_CODE)
    kind = fields.String(**_KIND)
    capacity = fields.Integer(strict=True, validate=validate.Range(1, 1000))
    x = fields.Integer(**_NUMBER)
    y = fields.Integer(**_NUMBER)
    width = fields.Integer(**_NUMBER)
    height = fields.Integer(**_NUMBER)


class NewSpace(SpaceChange):
    zone_id = Identifier(strict=True, required=True)
    code = Text(required=True, **_CODE)
    kind = fields.String(required=True, **_KIND)


class SpaceSetView(Schema):
    id = fields.Integer()
    code = fields.String()
    kind = fields.String()
    zone_id = fields.Integer()
    capacity = fields.Integer()
    x = fields.Integer()
    y = fields.Integer()
    width = fields.Integer()
    height = fields.Integer()


class ZoneChanged(ZoneView, MoveList):
    """The zone as it is by now, or would be, and what becomes of bookings whose people may not be there any more."""


class SpaceChanged(SpaceSetView, MoveList):
    """The same of a space."""


def changed(view: type[Schema], row: Any, moves: Sequence[Any]) -> dict[str, Any]:
    """A `ZoneChanged` or `SpaceChanged` of a row and the moves of bookings."""
    return {name: getattr(row, name) for name in view().fields} | moves_shown(moves)


_SECONDS: dict[str, Any] = {"strict": True, "validate": validate.Range(0, 86_400)}


class SensorName(Text):
    """A sensor's name on its wire; an EUI-64 may be written as its label has it."""

    def __init__(self, **options: Any) -> None:
        named = validate.Regexp(
            SENSOR_NAME, error="must begin and end with no space and be of one line without + and #"
        )
        super().__init__(validate=[validate.Length(1, MOST_SENSOR_NAME), one_line, named], **options)

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> str:
        return as_on_wire(super()._deserialize(value, *args, **options))


class SensorChange(Schema):
    """What is to differ; durations in seconds."""

    model = Text(validate=validate.Length(1, 64))
    heartbeat_s = fields.Integer(strict=True, validate=validate.Range(1, 86_400))
    own_hold_s = fields.Integer(**_SECONDS)
    holds_itself = fields.Boolean()
    detection_delay_s = fields.Integer(**_SECONDS)
    clears_after_s = fields.Integer(
        **_SECONDS,
        metadata={
            "description": "of one that never says vacant: quiet for so long it counts as vacant; or 0"
        },
    )
    space_id = Identifier(
        strict=True, allow_none=True, metadata={"description": "watches this alone; null: nothing"}
    )
    space_ids = fields.List(
        Identifier(strict=True),
        validate=validate.Length(max=64),
        metadata={"description": "watches these, instead of space_id"},
    )


class NewSensor(SensorChange):
    id = SensorName(
        required=True,
        metadata={"description": "its name on its wire: of the native one letters, digits, _ . and - alone"},
    )


class SensorSwap(Schema):
    spare_id = SensorName(required=True)


class SensorSetView(Schema):
    """What a sensor is, and the spaces that it watches now."""

    id = fields.String()
    model = fields.String()
    heartbeat_s = fields.Integer()
    own_hold_s = fields.Integer()
    holds_itself = fields.Boolean()
    detection_delay_s = fields.Integer()
    clears_after_s = fields.Integer()
    space_ids = fields.List(fields.Integer())


class PolicyView(Schema):
    """What holds for a kind of space; `zone_id` null: in every zone without values of its own."""

    kind = fields.String()
    zone_id = fields.Integer(allow_none=True)
    values = fields.Dict(keys=fields.String(), values=fields.String())


class PolicyList(Schema):
    items = fields.List(fields.Nested(PolicyView))
    next_cursor = fields.String(allow_none=True)


class PolicyQuery(Schema):
    zone = Identifier(load_default=None)


class PolicyChange(Schema):
    """Values as `akiseki policy set` takes them, such as `15m`, `on` or `3`; null: as it would be without."""

    values = fields.Dict(
        keys=Text(validate=validate.Length(1, 32)),
        values=Text(allow_none=True, validate=validate.Length(max=32)),
        required=True,
        validate=validate.Length(1, 40),
    )


class PolicySet(PolicyChange):
    kind = fields.String(required=True, **_KIND)
    zone_id = Identifier(load_default=None, allow_none=True, strict=True)
