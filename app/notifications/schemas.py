"""What the API takes and shows of messages, choices and webhooks."""

from typing import Any

from marshmallow import Schema, fields, validate

from app.fields import Text
from app.http import PageArguments
from app.notifications.kinds import KINDS
from app.notifications.models import Shape
from app.notifications.rules import OF_THE_BUILDING, Topic, Way


class MessageView(Schema):
    id = fields.Integer()
    kind = fields.String()
    topic = fields.String()
    text = fields.String()
    data = fields.Dict()
    at = fields.AwareDateTime(attribute="made_at")
    read_at = fields.AwareDateTime(allow_none=True)


class MessageList(Schema):
    items = fields.List(fields.Nested(MessageView))
    next_cursor = fields.Integer(allow_none=True)


class MessageQuery(PageArguments):
    """The newest first: the cursor goes down."""


class WantedView(Schema):
    topic = fields.String(required=True, validate=validate.OneOf([topic.value for topic in Topic]))
    way = fields.String(required=True, validate=validate.OneOf([way.value for way in Way]))


class ChoicesView(Schema):
    """What is wanted, and the local hours in which no mail comes."""

    wanted = fields.List(fields.Nested(WantedView), required=True, validate=validate.Length(max=50))
    quiet_from = fields.Time(required=True, allow_none=True, format="%H:%M")
    quiet_until = fields.Time(required=True, allow_none=True, format="%H:%M")


class CalendarView(Schema):
    url = fields.String(metadata={"description": "iCalendar; whoever has the address reads it"})


class WebhookRequest(Schema):
    url = Text(required=True, validate=validate.Length(max=500))
    kinds = fields.List(
        Text(validate=validate.Length(1, 48)),
        required=True,
        validate=validate.Length(1, 50),
        metadata={
            "description": "kinds of event (`kind` of WebhookEvent): exact, `booking.*`, or `*`;"
            " from facility staff those of " + ", ".join(sorted(OF_THE_BUILDING))
        },
    )
    shape = fields.String(
        load_default=Shape.PLAIN.value, validate=validate.OneOf([one.value for one in Shape])
    )


class WebhookView(Schema):
    id = fields.Integer()
    url = fields.String()
    kinds = fields.List(fields.String())
    shape = fields.String()
    made_by = fields.Integer(
        allow_none=True, metadata={"description": "who answers for it: it is told what they may hear"}
    )
    maker_left_at = fields.AwareDateTime(
        allow_none=True,
        metadata={"description": "when they left: since then it is told nothing, until it is taken over"},
    )
    failures = fields.Integer(metadata={"description": "running: since a call was taken"})
    failing_since = fields.AwareDateTime(allow_none=True)
    probe_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "of one that fails: when it is called once more"}
    )
    error = fields.String(metadata={"description": "why the last call failed"})
    disabled_at = fields.AwareDateTime(allow_none=True)
    old_secret_until = fields.AwareDateTime(
        allow_none=True,
        metadata={"description": "until when calls are signed with the secret of before its renewal, too"},
    )


class WebhookEnabled(WebhookView):
    """Of a `webhooks.Enabled`."""

    left_out = fields.Integer(metadata={"description": "events that it was not told meanwhile"})
    since = fields.AwareDateTime(
        allow_none=True,
        metadata={"description": "when it was switched off, or its maker left"},
    )

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        return super().get_attribute(obj if attr in {"left_out", "since"} else obj.hook, attr, default)


class WebhookMade(WebhookView):
    """With its secret, this once."""

    secret = fields.String()


class WebhookEvent(Schema):
    """What a webhook of the shape `plain` is called with."""

    id = fields.Integer(required=True, metadata={"description": "of the event: the same at every try"})
    kind = fields.String(
        required=True, metadata={"description": "one of these; more may come", "examples": sorted(KINDS)}
    )
    at = fields.AwareDateTime(required=True, metadata={"description": "when it happened"})
    subject = fields.String(required=True, metadata={"description": "what it is about: `booking:7`"})
    actor_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "who did it; null: the clock or a sensor"}
    )
    data = fields.Dict(required=True, metadata={"description": "more of it, by kind"})


class WebhookList(Schema):
    items = fields.List(fields.Nested(WebhookView))
    next_cursor = fields.Integer(allow_none=True)
