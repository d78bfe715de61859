"""What the API takes and shows of bookings."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.bookings.series.rules import MOST, Every, Recurrence, Scope, Why
from app.fields import ME, Day, Identifier, Instant, Text, Whose
from app.http import PageArguments
from app.spaces.rules import LANES, Kind, Lane


class SpanMixin(Schema):
    """Instants are RFC 3339 with an offset; a naive one is refused."""

    @validates_schema
    def ends_after_start(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if data.get("start") and data.get("end") and data["start"] >= data["end"]:
            raise ValidationError("must be after start", self.fields["end"].data_key or "end")


class RepeatRequest(Schema):
    """Every day or week until a day or so many times, or on chosen dates; the first is the booking's own day."""

    every = fields.String(load_default=None, validate=validate.OneOf([one.value for one in Every]))
    weekdays = fields.List(
        fields.Integer(strict=True, validate=validate.Range(0, 6)),
        load_default=list,
        validate=validate.Length(max=7),
        metadata={"description": "0: Monday; none: that of the first"},
    )
    until = Day(load_default=None, allow_none=True)
    count = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, MOST))
    dates = fields.List(Day(), load_default=list, validate=validate.Length(max=MOST))
    working_days_only = fields.Boolean(
        load_default=True, metadata={"description": "closed days are left out, and told in `left_out`"}
    )
    possible_ones = fields.Boolean(
        load_default=False, metadata={"description": "book what can be had; else all or nothing"}
    )
    dry_run = fields.Boolean(load_default=False, metadata={"description": "book nothing, only tell"})

    @validates_schema
    def is_a_recurrence(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        try:
            recurrence(data)
        except ValueError as error:
            raise ValidationError(str(error), "every") from error


def recurrence(repeat: dict[str, Any]) -> Recurrence:
    """The recurrence of a loaded RepeatRequest; raises ValueError."""
    return Recurrence(
        Every(repeat["every"]) if repeat.get("every") else None,
        frozenset(repeat.get("weekdays") or ()),
        repeat.get("until"),
        repeat.get("count"),
        tuple(repeat.get("dates") or ()),
        working_days_only=repeat.get("working_days_only", True),
    )


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

    repeat = fields.Nested(RepeatRequest, load_default=None, allow_none=True)

    @validates_schema
    def is_for_one(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if data.get("guest_name") and data.get("for_user_id") is not None:
            raise ValidationError("is for a guest or for a user, not for both", "guest_name")


SCOPE = validate.OneOf([scope.value for scope in Scope])


WHY = Text(
    load_default="",
    validate=validate.Length(max=200),
    metadata={"description": "why, for its history and for those whom it concerns"},
)


class WhyQuery(Schema):
    why = WHY


class BookingChange(SpanMixin):
    scope = fields.String(
        load_default=Scope.ONE.value,
        validate=SCOPE,
        metadata={"description": "of a series: this one, this and the following, or all"},
    )
    space_id = Identifier(strict=True)
    start = Instant()
    end = Instant()
    title = Text(validate=validate.Length(max=120))
    attendees = fields.List(Identifier(strict=True), validate=validate.Length(max=200))
    why = WHY


class BookingView(Schema):
    id = fields.Integer()
    space_id = fields.Integer()
    user_id = fields.Integer(allow_none=True)
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at")
    status = fields.String()
    reason = fields.String()
    title = fields.String()
    series_id = fields.Integer(allow_none=True)
    guest_name = fields.String()
    origin = fields.String()
    checked_in_at = fields.AwareDateTime(allow_none=True)
    checked_in_by = fields.String(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class RefusedView(Schema):
    """An occurrence that cannot be had, why, and what comes nearest."""

    start = fields.AwareDateTime()
    end = fields.AwareDateTime()
    code = fields.String()
    detail = fields.String()
    nearest_space_id = fields.Integer(allow_none=True)
    nearest_start = fields.AwareDateTime(allow_none=True)
    nearest_end = fields.AwareDateTime(allow_none=True)


class DayLeftOutView(Schema):
    """A day that was asked for and not tried."""

    on = fields.Date()
    why = fields.String(
        validate=validate.OneOf([one.value for one in Why]),
        metadata={
            "description": "earlier than the first day, closed by the office's calendar, a year or more away (far), or"
            f" past the {MOST} days of a series (many)"
        },
    )
    and_later = fields.Boolean(metadata={"description": "and all that would come after it"})


class SeriesView(Schema):
    id = fields.Integer(
        allow_none=True, metadata={"description": "null: of a dry run, or nothing was possible"}
    )
    bookings = fields.List(fields.Nested("BookingView"))
    refused = fields.List(fields.Nested(RefusedView))
    left_out = fields.List(fields.Nested(DayLeftOutView))


class SeriesQuery(PageArguments):
    user = Whose(load_default=ME, metadata={"description": "`me`, or a user's id for those who may see it"})


class SeriesRow(Schema):
    """A series; `repeat` as it was asked for, `left` and `next_start` of what is booked and still to come."""

    id = fields.Integer()
    user_id = fields.Integer(allow_none=True)
    made_by = fields.Integer(allow_none=True)
    made_at = fields.AwareDateTime()
    repeat = fields.Dict(keys=fields.String(), attribute="rule")
    left = fields.Integer()
    next_start = fields.AwareDateTime(allow_none=True)
    answer_until = fields.AwareDateTime(
        allow_none=True,
        metadata={"description": "nobody came lately: without a confirmation by then it ends"},
    )
    confirmed_at = fields.AwareDateTime(allow_none=True)
    ended_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "when it ended for want of an answer"}
    )


class SeriesList(Schema):
    items = fields.List(fields.Nested(SeriesRow))
    next_cursor = fields.Integer(allow_none=True)


class BookingMade(BookingView):
    """The booking; with `repeat` the first of them, and `series` tells of all. Of a dry run nothing is stored."""

    series = fields.Nested(SeriesView, allow_none=True)


class LeftOutView(Schema):
    """A booking of a series that a change would have brought to a closed day; it is cancelled."""

    booking_id = fields.Integer()
    start = fields.AwareDateTime(metadata={"description": "where it would have begun"})
    end = fields.AwareDateTime()


class BookingChanged(BookingView):
    """The booking; of a change to more of a series also what it left out, since the day is closed."""

    left_out = fields.List(fields.Nested(LeftOutView))

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        booking, left_out = obj
        if attr == "left_out":
            return default if left_out is None else left_out
        return super().get_attribute(booking, attr, default)


class ScopeQuery(WhyQuery):
    scope = fields.String(load_default=Scope.ONE.value, validate=SCOPE)


class CancelRequest(SpanMixin):
    start = Instant(data_key="from", required=True)
    end = Instant(data_key="to", required=True)
    user_id = Identifier(load_default=None, allow_none=True, strict=True)
    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "only list what would be cancelled"}
    )
    guest_booking_ids = fields.List(
        Identifier(strict=True),
        load_default=list,
        validate=validate.Length(max=400),
        metadata={"description": "of bookings of their guests cancel these too"},
    )
    why = WHY


class WaitGivenUp(Schema):
    """A place in line."""

    id = fields.Integer()
    kind = fields.String(allow_none=True)
    zone_id = fields.Integer(allow_none=True)
    space_id = fields.Integer(allow_none=True)
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at")


class WishGivenUp(Schema):
    """A draw by lot to come, and with it one's wish in it."""

    id = fields.Integer()
    zone_id = fields.Integer()
    on = fields.Date(attribute="on_date")


class CancelledView(Schema):
    cancelled = fields.List(fields.Nested("BookingView"))
    guests = fields.List(
        fields.Nested("BookingView"), metadata={"description": "bookings of their guests, which stay"}
    )
    waits = fields.List(fields.Nested(WaitGivenUp))
    wishes = fields.List(fields.Nested(WishGivenUp))


class HistoryView(Schema):
    at = fields.AwareDateTime()
    kind = fields.String()
    actor_id = fields.Integer(allow_none=True)
    data = fields.Dict()


class BookingDetail(BookingView):
    """Of an `attendees.Seen`."""

    attendees = fields.List(fields.Integer())
    history = fields.List(fields.Nested(HistoryView))

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        of = obj if attr in {"attendees", "history", "guest_name"} else obj.booking
        return super().get_attribute(of, attr, default)


class InvitationView(Schema):
    """`id`: of the booking."""

    id = fields.Integer()
    space_id = fields.Integer()
    space = fields.String()
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()
    status = fields.String()
    title = fields.String()
    invited_by = fields.String(metadata={"description": "the name of whoever booked it"})


class InvitationList(Schema):
    items = fields.List(fields.Nested(InvitationView))
    next_cursor = fields.String(allow_none=True)


class ClaimRequest(Schema):
    until = Instant(
        load_default=None, metadata={"description": "else until the day's end, or whatever comes first"}
    )
    replace = fields.Boolean(
        load_default=False,
        metadata={"description": "give back what one holds of the lane at another space in the same step"},
    )


class BookingQuery(SpanMixin, PageArguments):
    user = Whose(load_default=ME, metadata={"description": "`me`, or a user's id for those who may see it"})
    start = Instant(data_key="from", load_default=None)
    end = Instant(data_key="to", load_default=None)


class BookingList(Schema):
    items = fields.List(fields.Nested(BookingView))
    next_cursor = fields.Integer(allow_none=True)


class NowRequest(Schema):
    """What is wanted now: a kind, or any of a lane (`desk`, `room`), in a zone or at a site where one is named. Else at
    the site of one's own section's zone; at others only where nothing is free there."""

    kind = fields.String(load_default=None, validate=validate.OneOf([kind.value for kind in Kind]))
    lane = fields.String(load_default=None, validate=validate.OneOf([lane.value for lane in Lane]))
    zone_id = Identifier(load_default=None, allow_none=True, strict=True)
    site_id = Identifier(
        load_default=None,
        allow_none=True,
        strict=True,
        metadata={"description": "at no other site; null: at others too, and those last"},
    )
    minutes = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, 24 * 60),
        metadata={"description": "else 30 for a room, until the office closes for a desk"},
    )
    replace = fields.Boolean(
        load_default=False, metadata={"description": "end what clashes of one's own in the same step"}
    )
    dry_run = fields.Boolean(load_default=False, metadata={"description": "propose, book nothing"})

    @validates_schema
    def is_of_one_lane(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        kind, lane = data.get("kind"), data.get("lane")
        if kind is None and lane is None:
            raise ValidationError("name a kind or a lane", "kind")
        if kind and lane not in {None, LANES[Kind(kind)].value}:
            raise ValidationError("is not the lane of that kind", "lane")
        if data.get("zone_id") is not None and data.get("site_id") is not None:
            raise ValidationError("a zone has its site already", "site_id")


class NowView(Schema):
    """What was booked, or would be, and why this one. `reason`: fixed_seat, near_group, usual, own_zone, free, overflow
    or other_site."""

    space_id = fields.Integer()
    space = fields.String()
    zone_id = fields.Integer()
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()
    reason = fields.String()
    booking = fields.Nested(BookingView, allow_none=True, metadata={"description": "null of a dry run"})
    replaced = fields.List(fields.Integer(), metadata={"description": "own bookings that end for it"})
