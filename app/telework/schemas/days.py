"""What the API takes and shows of the day log and of months."""

from marshmallow import Schema, fields, validate

from app.fields import Text
from app.telework.closing.rules import (
    COLUMNS_AT_MOST,
    HEADER_AT_MOST,
    SOURCES,
    WORD_AT_MOST,
    WORDS,
    DateStyle,
    Encoding,
    Line,
)
from app.telework.daylog.rules import WHY_AT_MOST, Form, Voice, sayable
from app.telework.rules import Confidence, PlanKind

HOLDABLE = sorted({name for sources in SOURCES.values() for name in sources})


class TimesView(Schema):
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()


class PlanEvidence(Schema):
    kind = fields.String(validate=validate.OneOf([kind.value for kind in PlanKind]))
    approved_at = fields.AwareDateTime(allow_none=True)
    approved_by = fields.String(allow_none=True, metadata={"description": "a name"})
    reported_at = fields.AwareDateTime(allow_none=True)


class EvidenceView(Schema):
    """What a half-day rests on. The times of check-ins are kept as long as presence is; their minutes stay."""

    plan = fields.Nested(PlanEvidence, allow_none=True)
    by_hand = fields.List(fields.Nested(TimesView))
    inferred = fields.List(fields.Nested(TimesView))
    minutes_by_hand = fields.Integer()
    minutes_inferred = fields.Integer()
    holiday = fields.String()


class SaidView(Schema):
    """What somebody said of a half-day: the person, the chief, personnel."""

    at = fields.AwareDateTime()
    by = fields.String()
    voice = fields.String(validate=validate.OneOf([voice.value for voice in Voice]))
    from_class = fields.String(data_key="from")
    to_class = fields.String(data_key="to")
    why = fields.String()


class HalfDayView(Schema):
    """`class` counts: what people said last, else `found`, which the system found for the `reason` given."""

    id = fields.Integer()
    user_id = fields.Integer()
    name = fields.String()
    on = fields.Date(attribute="on_date")
    half = fields.String()
    day_class = fields.String(data_key="class")
    found = fields.String()
    reason = fields.String()
    confidence = fields.String(validate=validate.OneOf([one.value for one in Confidence]))
    form = fields.String(allow_none=True, validate=validate.OneOf([form.value for form in Form]))
    telework_minutes = fields.Integer(
        allow_none=True, metadata={"description": "also less than makes a half-day; null: all of it"}
    )
    conflict = fields.Boolean(metadata={"description": "it awaits its person's answer"})
    frozen = fields.Boolean(metadata={"description": "its month is closed"})
    evidence = fields.Nested(EvidenceView)
    corrections = fields.List(fields.Nested(SaidView))


class HalfDayList(Schema):
    items = fields.List(fields.Nested(HalfDayView))
    next_cursor = fields.String(allow_none=True)


class HalfDayRequest(Schema):
    """What the half-day was. Whoever changes somebody else's says why; that it was none to work in, personnel."""

    day_class = fields.String(
        data_key="class",
        required=True,
        validate=validate.OneOf([one.value for one in sayable(Voice.PERSONNEL)]),
    )
    why = Text(load_default="", validate=validate.Length(max=WHY_AT_MOST))


class MonthView(Schema):
    """`closed_at` null: it is open. `is_over`: all its days are closed, so that it can be."""

    month = fields.String()
    closed_at = fields.AwareDateTime(allow_none=True)
    closed_by = fields.String()
    is_over = fields.Boolean()


class MonthList(Schema):
    items = fields.List(fields.Nested(MonthView))
    next_cursor = fields.String(allow_none=True)


class UnknownView(Schema):
    name = fields.String()
    half_days = fields.Integer()


class MonthPreview(MonthView):
    """What closing would freeze, or has frozen: half-days by class, and what is still to be cleared up."""

    days = fields.Integer(metadata={"description": "days of the month that are closed"})
    half_days = fields.Dict(keys=fields.String(), values=fields.Integer())
    conflicts = fields.Integer(metadata={"description": "await their persons' answers"})
    unconfirmed = fields.Integer(metadata={"description": "said by their persons, not yet confirmed"})
    not_known = fields.List(fields.Nested(UnknownView))
    planless = fields.List(
        fields.String(), metadata={"description": "of whom nothing was planned nor is known all month"}
    )


class WhyRequest(Schema):
    why = Text(required=True, validate=validate.Length(1, WHY_AT_MOST))


class ColumnView(Schema):
    holds = fields.String(required=True, validate=validate.OneOf(HOLDABLE))
    header = Text(required=True, validate=validate.Length(1, HEADER_AT_MOST))


class MappingView(Schema):
    """The attendance system's file. `line`: what a line is of; `words`: what stands for each class and half-day."""

    line = fields.String(required=True, validate=validate.OneOf([one.value for one in Line]))
    columns = fields.List(
        fields.Nested(ColumnView), required=True, validate=validate.Length(1, COLUMNS_AT_MOST)
    )
    words = fields.Dict(
        keys=fields.String(validate=validate.OneOf(list(WORDS))),
        values=Text(validate=validate.Length(max=WORD_AT_MOST)),
        required=True,
    )
    dates = fields.String(required=True, validate=validate.OneOf([one.value for one in DateStyle]))
    encoding = fields.String(required=True, validate=validate.OneOf([one.value for one in Encoding]))
