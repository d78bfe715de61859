"""What the API takes and shows of bookings."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.fields import ME, Identifier, Instant, Text, Whose
from app.http import PageArguments


class SpanMixin(Schema):
    """Instants are RFC 3339 with an offset; a naive one is refused."""

    @validates_schema
    def ends_after_start(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if data.get("start") and data.get("end") and data["start"] >= data["end"]:
            raise ValidationError("must be after start", self.fields["end"].data_key or "end")


class BookingRequest(SpanMixin):
    space_id = Identifier(required=True, strict=True)
    start = Instant(required=True)
    end = Instant(required=True)
    for_user_id = Identifier(load_default=None, allow_none=True, strict=True)
    guest_name = Text(
        load_default="",
        validate=validate.Length(max=80),
        metadata={"description": "for a guest without an account, instead of for_user_id"},
    )
    attendees = fields.List(
        Identifier(strict=True),
        load_default=list,
        validate=validate.Length(max=200),
        metadata={"description": "users invited besides the person booked for"},
    )
    title = Text(load_default="", validate=validate.Length(max=120))

    @validates_schema
    def is_for_one(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if data.get("guest_name") and data.get("for_user_id") is not None:
            raise ValidationError("is for a guest or for a user, not for both", "guest_name")


class BookingChange(SpanMixin):
    space_id = Identifier(strict=True)
    start = Instant()
    end = Instant()
    title = Text(validate=validate.Length(max=120))
    attendees = fields.List(Identifier(strict=True), validate=validate.Length(max=200))


class BookingView(Schema):
    id = fields.Integer()
    space_id = fields.Integer()
    user_id = fields.Integer(allow_none=True)
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at")
    status = fields.String()
    reason = fields.String()
    title = fields.String()
    guest_name = fields.String()
    origin = fields.String()
    checked_in_at = fields.AwareDateTime(allow_none=True)
    checked_in_by = fields.String(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class HistoryView(Schema):
    at = fields.AwareDateTime()
    kind = fields.String()
    actor_id = fields.Integer(allow_none=True)
    data = fields.Dict()


class BookingDetail(BookingView):
    """Of three: the booking, the ids of its attendees, and the events of its history."""

    attendees = fields.List(fields.Integer())
    history = fields.List(fields.Nested(HistoryView))

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        booking, attendees, history = obj
        beside = {"attendees": attendees, "history": history}
        return beside[attr] if attr in beside else super().get_attribute(booking, attr, default)


class BookingQuery(SpanMixin, PageArguments):
    user = Whose(load_default=ME, metadata={"description": "`me`, or a user's id for those who may see it"})
    start = Instant(data_key="from", load_default=None)
    end = Instant(data_key="to", load_default=None)


class BookingList(Schema):
    items = fields.List(fields.Nested(BookingView))
    next_cursor = fields.Integer(allow_none=True)
