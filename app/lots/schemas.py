"""What the API takes and shows of draws by lot."""

from typing import Any

from marshmallow import Schema, fields, validate

from app.fields import Identifier
from app.http import PageArguments
from app.lots.models import LotDraw, Outcome, State
from app.lots.rules import Why
from app.lots.service import MOST_BESIDE, MOST_NO_REPEAT, MOST_PREFERRED


class LotRuleView(Schema):
    """How a zone is drawn. `at`: the local hour, null: it is not drawn."""

    at = fields.Time(required=True, allow_none=True, format="%H:%M")
    no_repeat_days = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(0, MOST_NO_REPEAT),
        metadata={"description": "for how many working days nobody gets the same desk again"},
    )
    together = fields.Boolean(
        load_default=True, metadata={"description": "colleagues who name each other sit near each other"}
    )


class DrawView(Schema):
    """A draw. `commitment` is SHA-256 of `akiseki-lots-1|zone|on|seed|nonce`; seed and nonce are null until drawn."""

    id = fields.Integer()
    zone_id = fields.Integer()
    zone = fields.String(attribute="zone_code")
    on = fields.Date(attribute="on_date")
    draw_at = fields.AwareDateTime()
    state = fields.String(validate=validate.OneOf([state.value for state in State]))
    commitment = fields.String()
    drawn_at = fields.AwareDateTime(allow_none=True)
    seed = fields.String(allow_none=True)
    nonce = fields.String(allow_none=True)

    def get_attribute(self, obj: LotDraw, attr: str, default: Any) -> Any:
        """The secret stays one until the draw."""
        if attr in {"seed", "nonce"} and obj.state is not State.DRAWN:
            return None
        return super().get_attribute(obj, attr, default)


class DrawQuery(PageArguments):
    zone = Identifier(load_default=None)


class DrawList(Schema):
    items = fields.List(fields.Nested(DrawView))
    next_cursor = fields.Integer(allow_none=True)


class RecordSeat(Schema):
    code = fields.String()
    x = fields.Integer()
    y = fields.Integer()


class RecordWish(Schema):
    """A wish under a number that is its person's in this draw alone."""

    number = fields.Integer()
    prefers = fields.List(fields.String())
    avoids = fields.List(fields.String())
    barred = fields.List(fields.String())
    group = fields.Integer(allow_none=True)
    missed = fields.Integer()


class RecordInputs(Schema):
    seats = fields.List(fields.Nested(RecordSeat))
    wishes = fields.List(fields.Nested(RecordWish))


class RecordResult(Schema):
    order = fields.Integer()
    number = fields.Integer()
    seat = fields.String(allow_none=True)
    why = fields.String(validate=validate.OneOf([why.value for why in Why]))
    choice = fields.Integer(allow_none=True)
    repeated = fields.Boolean()


class RecordView(Schema):
    """All that is needed to repeat a draw: `akiseki lots verify FILE` does."""

    format = fields.String()
    zone = fields.String()
    on = fields.String()
    commitment = fields.String()
    seed = fields.String()
    nonce = fields.String()
    inputs = fields.Nested(RecordInputs)
    result = fields.List(fields.Nested(RecordResult))


class CheckView(Schema):
    """Whether the seed is the one committed to, and whether the draw repeated gives the published result."""

    seed_holds = fields.Boolean()
    result_holds = fields.Boolean()
    holds = fields.Boolean()


class WishRequest(Schema):
    prefers = fields.List(
        Identifier(strict=True),
        load_default=list,
        validate=validate.Length(max=MOST_PREFERRED),
        metadata={"description": "ids of desks of the zone, the best first"},
    )
    beside = fields.List(
        Identifier(strict=True),
        load_default=list,
        validate=validate.Length(max=MOST_BESIDE),
        metadata={"description": "ids of colleagues to sit with, if they name you too"},
    )


class WishView(Schema):
    draw_id = fields.Integer()
    number = fields.Integer(metadata={"description": "your own in the published record of this draw"})
    prefers = fields.List(fields.Integer())
    beside = fields.List(fields.Integer())
    outcome = fields.String(validate=validate.OneOf([outcome.value for outcome in Outcome]))
    reason = fields.String()
    position = fields.Integer(allow_none=True)
    choice = fields.Integer(allow_none=True)
    repeated = fields.Boolean()
    booking_id = fields.Integer(allow_none=True)
