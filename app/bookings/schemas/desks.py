"""What the API takes and shows at a desk and at a kiosk."""

from marshmallow import Schema, fields, validate

from app.bookings.schemas import BookingView
from app.fields import Identifier, Text

CARD = Text(
    required=True,
    validate=validate.Length(1, 80),
    metadata={"description": "the number of a staff card, as a reader types it"},
)


class WhyNotView(Schema):
    code = fields.String()
    detail = fields.String()


class DeskView(Schema):
    space_id = fields.Integer()
    space = fields.String()
    kind = fields.String()
    mine = fields.Nested(
        BookingView,
        allow_none=True,
        metadata={"description": "one's own booking of it, now or next within a day"},
    )
    held = fields.Nested(
        BookingView,
        allow_none=True,
        metadata={"description": "what the queue offers one of it; taken or declined as one's place in line"},
    )
    check_in_opens_at = fields.AwareDateTime(allow_none=True, metadata={"description": "to `mine`"})
    claim_until = fields.AwareDateTime(
        allow_none=True, metadata={"description": "one could sit down now, until then at the latest"}
    )
    refused = fields.Nested(WhyNotView, allow_none=True, metadata={"description": "why one could not"})
    elsewhere_space_id = fields.Integer(
        allow_none=True, metadata={"description": "what one holds of the lane now at another space"}
    )


class CardRead(Schema):
    card = CARD


class KioskCheckIn(CardRead):
    booking_id = Identifier(required=True, strict=True)


class KioskSit(CardRead):
    desk = Text(required=True, validate=validate.Length(1, 40), metadata={"description": "the code on it"})


class KioskBookingView(Schema):
    id = fields.Integer()
    space_id = fields.Integer()
    space = fields.String()
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()
    status = fields.String()
    checked_in_by = fields.String(allow_none=True)
    check_in_opens_at = fields.AwareDateTime()


class CardView(Schema):
    name = fields.String()
    bookings = fields.List(fields.Nested(KioskBookingView))
