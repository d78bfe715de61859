"""What the API takes and shows of plans and half-days."""

from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.bookings.schemas import WaitGivenUp, WishGivenUp
from app.fields import ALL, Day, Identifier, Instant, Text, Whose, check_span
from app.http import PageArguments
from app.people.rules import Employment
from app.telework.caps.rules import Limit, Measure, OverCap, Unit
from app.telework.models import REASON_MOST, REPORT_MOST
from app.telework.requesting import MOST_AT_ONCE
from app.telework.rules import Half, PlanKind, PlanState

LONGEST = timedelta(days=366)


class SpanQuery(PageArguments):
    first = Day(data_key="from", required=True)
    last = Day(data_key="to", required=True)
    section = Identifier(load_default=None)
    user = Whose(load_default=None, metadata={"description": "`me` or a user's id"})

    @validates_schema
    def is_a_span(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        check_span(data.get("first"), data.get("last"), LONGEST, "to", or_equal=True)


class DaysQuery(SpanQuery):
    user = Whose(
        ALL,
        load_default=None,
        metadata={"description": "`me`, a user's id, or `all`, for personnel and the auditor"},
    )


class PlansSeen(Schema):
    """Which plans If-Match is about: the query of the GET that showed them."""

    first = Day(data_key="from", load_default=None)
    last = Day(data_key="to", load_default=None)


HALF = validate.OneOf([half.value for half in Half])
KIND = validate.OneOf([kind.value for kind in PlanKind])
MOST_MINUTES = 500_000


class CellRequest(Schema):
    """A half-day; or, with `from` and `until` instead of `half`, the hours between two times of one day."""

    on = Day()
    half = fields.String(validate=HALF)
    kind = fields.String(validate=KIND)
    starts = fields.Time(format="%H:%M", data_key="from", metadata={"description": "local time"})
    ends = fields.Time(format="%H:%M", data_key="until", metadata={"description": "local time"})

    @validates_schema
    def is_a_cell(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if not data.get("cells"):
            _require_cell(data)


def _require_cell(data: dict) -> None:  # type: ignore[type-arg]
    for name in ("on", "kind"):
        if name not in data:
            raise ValidationError("Missing data for required field.", name)
    timed = [name for name in ("starts", "ends") if name in data]
    if not timed and "half" not in data:
        raise ValidationError("Missing data for required field.", "half")
    if timed and ("half" in data or len(timed) == 1 or not data["starts"] < data["ends"]):
        raise ValidationError("give from and until, the end after the start, or a half", "until")


class PlanRequest(CellRequest):
    """One half-day, or in `cells` many at once: all of them or none."""

    cells = fields.List(
        fields.Nested(CellRequest),
        validate=validate.Length(1, MOST_AT_ONCE),
        metadata={"minItems": 1, "maxItems": MOST_AT_ONCE},
    )

    @validates_schema
    def is_one_form(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if "cells" in data and len(data) > 1:
            raise ValidationError("give cells, or one half-day beside nothing else", "cells")


class BreachView(Schema):
    """A rule that is broken, as in a refusal. `value` and `allowed` count in `measure`."""

    rule = fields.String(validate=validate.OneOf([limit.value for limit in Limit]))
    value = fields.String()
    allowed = fields.String()
    measure = fields.String(
        metadata={"description": f"{', '.join(filter(None, Measure))}; of `unit` the unit"}
    )
    first = fields.String(metadata={"description": "the first day that it is about"})
    last = fields.String()
    due_at = fields.String()
    detail = fields.String(metadata={"description": "one sentence for a person"})


class PlanView(Schema):
    id = fields.Integer()
    user_id = fields.Integer()
    on = fields.Date(attribute="on_date")
    half = fields.String()
    kind = fields.String()
    state = fields.Enum(PlanState, by_value=True)
    starts = fields.Time(format="%H:%M", data_key="from", allow_none=True)
    ends = fields.Time(
        format="%H:%M",
        data_key="until",
        allow_none=True,
        metadata={"description": "of a part by the office's clock; null: the whole half-day"},
    )
    requested_at = fields.AwareDateTime()
    approved_at = fields.AwareDateTime(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    decided_by = fields.Integer(allow_none=True)
    reason = fields.String(metadata={"description": "of a refusal, or of an approval taken back"})
    reported_at = fields.AwareDateTime(allow_none=True)
    report = fields.String()


class FreedView(Schema):
    id = fields.Integer()
    space_id = fields.Integer()
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at")
    guest_name = fields.String(
        metadata={"description": "of a guest whom one was to receive; somebody else may do so"}
    )


class NeedlessView(FreedView):
    """A booking that one's plans make needless; of a part, what is left of it."""

    left_start = fields.AwareDateTime(
        allow_none=True, metadata={"description": "null: all of it is needless"}
    )
    left_end = fields.AwareDateTime(allow_none=True)
    approved = fields.Boolean(metadata={"description": "whether the chief has allowed the plans"})

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        if attr == "approved":
            return obj.approved
        if attr in {"left_start", "left_end"}:
            return getattr(obj.left, attr.removeprefix("left_")) if obj.left else None
        return super().get_attribute(obj.booking, attr, default)


class PlanPut(PlanView):
    """Of one half-day: the plan, what of one's bookings it makes needless, all of them or a part (`POST
    /telework/needless` gives that up), and what of the rules the chief is asked to allow. Of many: `items`, each of
    these."""

    needless_bookings = fields.List(fields.Nested(FreedView))
    partly_needless = fields.List(fields.Nested(NeedlessView))
    breaches = fields.List(fields.Nested(BreachView))
    items = fields.List(fields.Nested(lambda: PlanPut(exclude=("items",))))

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        if attr in {"needless_bookings", "partly_needless", "breaches", "items"}:
            return obj.get(attr, default)
        return super().get_attribute(obj["plan"], attr, default) if "plan" in obj else default


class NeedlessList(Schema):
    """Bookings, in pages; and with each page all places in line, and all draws in which one wishes for a desk."""

    items = fields.List(fields.Nested(NeedlessView))
    waits = fields.List(fields.Nested(WaitGivenUp))
    wishes = fields.List(fields.Nested(WishGivenUp))
    next_cursor = fields.Integer(allow_none=True)


class FreeRequest(Schema):
    """Of what is listed as needless at least one."""

    booking_ids = fields.List(Identifier(strict=True), load_default=list, validate=validate.Length(max=400))
    wait_ids = fields.List(Identifier(strict=True), load_default=list, validate=validate.Length(max=400))
    draw_ids = fields.List(Identifier(strict=True), load_default=list, validate=validate.Length(max=400))

    @validates_schema
    def names_something(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if not any(data.get(name) for name in ("booking_ids", "wait_ids", "draw_ids")):
            raise ValidationError("name at least one", "booking_ids")


class FreedList(Schema):
    freed = fields.List(fields.Nested(FreedView))
    waits = fields.List(fields.Nested(WaitGivenUp))
    wishes = fields.List(fields.Nested(WishGivenUp))


class ReasonRequest(Schema):
    reason = Text(
        required=True,
        validate=[validate.Length(1, REASON_MOST), validate.Predicate("strip", error="must say something")],
    )


class ReportRequest(Schema):
    text = Text(
        required=True,
        validate=validate.Length(0, REPORT_MOST),
        metadata={"description": "what was done, in a few words"},
    )


class ApprovalsQuery(PageArguments):
    week = Day(load_default=None, metadata={"description": "any day of a week; absent: all that waits"})


class WaitingView(PlanView):
    name = fields.String()
    breaches = fields.List(fields.Nested(BreachView))

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        if attr in {"name", "breaches"}:
            return obj[attr]
        return super().get_attribute(obj["plan"], attr, default)


class WaitingList(Schema):
    items = fields.List(fields.Nested(WaitingView))
    next_cursor = fields.String(allow_none=True)


class ApprovalsRequest(Schema):
    """Requests by their ids, whatever they break; or all of a week that break no rule."""

    plan_ids = fields.List(
        Identifier(), validate=validate.Length(1, 1000), metadata={"minItems": 1, "maxItems": 1000}
    )
    week = Day(metadata={"description": "any day of the week"})
    seen_at = Instant(
        load_default=None, metadata={"description": "what was asked for anew since then is left as it is"}
    )

    @validates_schema
    def is_one_form(self, data: dict, **_: object) -> None:  # type: ignore[type-arg]
        if ("plan_ids" in data) == ("week" in data):
            raise ValidationError("give plan_ids or week", "plan_ids")


class ApprovedView(Schema):
    approved = fields.List(fields.Nested(PlanView))
    left = fields.List(fields.Nested(PlanView), metadata={"description": "not approved: look at them"})


def _cap(most: int, what: str) -> fields.Integer:
    return fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(0, most),
        metadata={"description": what},
    )


class RuleFields(Schema):
    """Caps count half-days where the unit is days or half-days, else minutes of office hours; null: no limit."""

    from_on = Day(data_key="from", required=True)
    until_on = Day(data_key="until", load_default=None, allow_none=True)
    section_id = Identifier(
        load_default=None,
        allow_none=True,
        metadata={"description": "for it and the sections below; null: all"},
    )
    employment = fields.Enum(Employment, by_value=True, load_default=None, allow_none=True)
    unit = fields.Enum(Unit, by_value=True, load_default=Unit.HALF_DAY)
    week = _cap(MOST_MINUTES, "at most in a week, Monday to Sunday")
    month = _cap(MOST_MINUTES, "at most in a month")
    fiscal_year = _cap(MOST_MINUTES, "at most from April to March")
    in_a_row = _cap(366, "at most so many working days without one in the office")
    eligible = fields.Boolean(load_default=True)
    terminals = _cap(100_000, "so many people at home at most at a time")
    deadline_days = _cap(60, "so many working days before")
    deadline_at = fields.Time(format="%H:%M", load_default=None, allow_none=True)
    over_cap = fields.Enum(OverCap, by_value=True, load_default=OverCap.REFUSE)


class RuleRequest(RuleFields):
    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "tell who would break it, make nothing"}
    )


class RuleView(RuleFields):
    id = fields.Integer()
    in_effect = fields.Boolean(metadata={"description": "today; a later rule for the same people precedes"})


class RuleList(Schema):
    items = fields.List(fields.Nested(RuleView))
    next_cursor = fields.String(allow_none=True)


class BreakerView(Schema):
    user_id = fields.Integer()
    name = fields.String()
    breaches = fields.List(fields.Nested(BreachView))


class BreakerList(Schema):
    items = fields.List(fields.Nested(BreakerView))
    next_cursor = fields.String(allow_none=True)


class RuleMade(RuleView):
    """The rule, and who breaks the rules with what they have planned already. `id` null: a dry run."""

    id = fields.Integer(allow_none=True)
    breakers = fields.List(fields.Nested(BreakerView))


class CapsQuery(Schema):
    user = Whose(load_default=None, metadata={"description": "`me` or a user's id"})
    on = Day(load_default=None, metadata={"description": "the periods of this day; absent: today"})


class StandingView(Schema):
    period = fields.String(attribute="limit.value")
    first = fields.Date()
    last = fields.Date()
    used = fields.Integer()
    cap = fields.Integer()
    left = fields.Integer()
    measure = fields.String()


class CapsView(Schema):
    """`eligible` null: no rule holds. Without a cap a period is not listed."""

    user_id = fields.Integer()
    on = fields.Date()
    unit = fields.Enum(Unit, by_value=True, allow_none=True)
    eligible = fields.Boolean(allow_none=True)
    caps = fields.List(fields.Nested(StandingView))


class DeputyFields(Schema):
    chief_id = fields.Integer()
    deputy_id = fields.Integer()
    from_ = fields.Date(data_key="from", attribute="from_on")
    until = fields.Date(attribute="until_on", allow_none=True)
    when_away = fields.Boolean()


class DeputyRequest(Schema):
    chief_id = Identifier(load_default=None, metadata={"description": "for whom; for personnel. Absent: me"})
    deputy_id = Identifier(required=True)
    from_on = Day(data_key="from", load_default=None, metadata={"description": "absent: today"})
    until_on = Day(data_key="until", load_default=None, allow_none=True)
    when_away = fields.Boolean(
        load_default=False,
        metadata={"description": "only on days on which the chief is on approved leave or a trip"},
    )


class DeputyView(DeputyFields):
    id = fields.Integer()
    chief = fields.String()
    deputy = fields.String()


class DeputyList(Schema):
    items = fields.List(fields.Nested(DeputyView))
    next_cursor = fields.String(allow_none=True)


class PlanList(Schema):
    items = fields.List(fields.Nested(PlanView))
    next_cursor = fields.String(allow_none=True)
