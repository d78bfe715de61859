"""What the API takes and shows of plans and half-days."""

from datetime import timedelta
from typing import Any

from marshmallow import Schema, fields, validate, validates_schema

from app.fields import Day, Identifier, Whose, check_span
from app.http import PageArguments
from app.telework.rules import Half, PlanKind

LONGEST = timedelta(days=366)


class DaysQuery(PageArguments):
    first = Day(data_key="from", required=True)
    last = Day(data_key="to", required=True)
    section = Identifier(load_default=None)
    user = Whose(load_default=None, metadata={"description": "`me` or a user's id"})

    @validates_schema
    def is_a_span(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        check_span(data.get("first"), data.get("last"), LONGEST, "to", or_equal=True)


class PlanRequest(Schema):
    on = Day(required=True)
    half = fields.String(required=True, validate=validate.OneOf([half.value for half in Half]))
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in PlanKind]))


class PlanView(Schema):
    id = fields.Integer()
    user_id = fields.Integer()
    on = fields.Date(attribute="on_date")
    half = fields.String()
    kind = fields.String()
    approved_at = fields.AwareDateTime(allow_none=True)


class FreedView(Schema):
    id = fields.Integer()
    space_id = fields.Integer()
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at")


class PlanPut(PlanView):
    """Of a pair: the plan, and what of one's bookings it makes needless; `POST /bookings/cancel` gives them up."""

    needless_bookings = fields.List(fields.Nested(FreedView))

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        plan, needless = obj["plan"], obj["needless"]
        return needless if attr == "needless_bookings" else super().get_attribute(plan, attr, default)


class PlanList(Schema):
    items = fields.List(fields.Nested(PlanView))
    next_cursor = fields.Integer(allow_none=True)


class HalfDayView(Schema):
    id = fields.Integer()
    user_id = fields.Integer()
    name = fields.String()
    on = fields.Date(attribute="on_date")
    half = fields.String()
    day_class = fields.String(data_key="class")
    reason = fields.String()
    conflict = fields.Boolean()


class HalfDayList(Schema):
    items = fields.List(fields.Nested(HalfDayView))
    next_cursor = fields.Integer(allow_none=True)
