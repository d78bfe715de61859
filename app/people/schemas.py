"""What the API shows and takes of people."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from app.fields import Address, Day, Identifier, Instant, Text, one_line
from app.http import PageArguments
from app.people.models import Role
from app.people.rules import Employment
from app.people.tokens import AT_MOST
from app.settings import LOCALES

ROLE = fields.Enum(Role, by_value=True)
LABEL_MOST = 80


LOCALE: dict[str, Any] = {
    "validate": validate.OneOf(["", *LOCALES]),
    "metadata": {"description": "the language of pages, mail and calendar; empty: the office's"},
}


class SectionView(Schema):
    id = fields.Integer()
    code = fields.String()
    name = fields.String()
    name_en = fields.String()


class SectionRowView(SectionView):
    """A section where it stands: `parent_id` is the one above it, null at the top."""

    parent_id = fields.Integer(allow_none=True)
    until = fields.Date(
        attribute="until_on", allow_none=True, metadata={"description": "the last day; null: no end"}
    )


class PersonView(Schema):
    """`email` and `role` for those who keep the accounts or may list them."""

    id = fields.Integer()
    name = fields.String()
    kana = fields.String()
    extension = fields.String()
    email = fields.String()
    role = fields.Enum(Role, by_value=True)
    sections = fields.List(fields.Nested(SectionView), metadata={"description": "today, where `q` asked"})


class StayView(Schema):
    section = fields.Nested(SectionView)
    from_ = fields.Date(data_key="from", attribute="from_on")
    until = fields.Date(
        attribute="until_on", allow_none=True, metadata={"description": "the last day; null: no end"}
    )


class TermView(Schema):
    employment = fields.Enum(Employment, by_value=True)
    from_ = fields.Date(
        data_key="from", attribute="from_on", allow_none=True, metadata={"description": "null: ever since"}
    )
    until = fields.Date(
        attribute="until_on", allow_none=True, metadata={"description": "the last day; null: no end"}
    )


class AccountView(Schema):
    id = fields.Integer()
    name = fields.String()
    kana = fields.String()
    extension = fields.String()
    email = fields.String()
    role = fields.Enum(Role, by_value=True)
    employment = fields.Enum(Employment, by_value=True, metadata={"description": "today"})
    locale = fields.String(**LOCALE)
    leaves_at = fields.AwareDateTime(allow_none=True)
    left_at = fields.AwareDateTime(allow_none=True)
    employments = fields.List(
        fields.Nested(TermView), metadata={"description": "how they are employed in time, without a gap"}
    )
    sections = fields.List(fields.Nested(StayView))


class MeView(Schema):
    id = fields.Integer()
    name = fields.String()
    email = fields.String()
    role = fields.Enum(Role, by_value=True)
    locale = fields.String(**LOCALE)
    section_ids = fields.List(fields.Integer())


class MeChange(Schema):
    """What one may change of oneself."""

    locale = fields.String(required=True, **LOCALE)


class HasCardView(Schema):
    has_card = fields.Boolean(metadata={"description": "whether a staff card checks one in at a kiosk"})


class CardRequest(Schema):
    card = Text(
        required=True,
        validate=validate.Length(1, 80),
        metadata={"description": "its number; what is kept of it is a keyed digest"},
    )


class PeopleQuery(PageArguments):
    section = Identifier(load_default=None, metadata={"description": "only members of this section today"})
    q = Text(
        load_default=None,
        validate=validate.Length(1, 40),
        metadata={
            "description": "the first letters of a name or its kana; each person shown is told who looked"
        },
    )


class PeopleList(Schema):
    items = fields.List(fields.Nested(PersonView))
    next_cursor = fields.String(allow_none=True)


class SectionList(Schema):
    items = fields.List(fields.Nested(SectionRowView))
    next_cursor = fields.String(allow_none=True)


def _line(most: int, least: int = 0) -> dict[str, Any]:
    """One line of text of so many characters."""
    return {
        "validate": [
            validate.Length(least, most),
            one_line,
        ]
    }


_CODE: dict[str, Any] = {
    "validate": [
        *_line(32, 1)["validate"],
        validate.Regexp(r"[^\s|]([^|]*[^\s|])?\Z", error="must not begin or end with a space, nor have a |"),
    ]
}


class SectionChange(Schema):
    """What is to differ."""

    code = Text(**_CODE)
    name = Text(**_line(80, 1))
    name_en = Text(**_line(80))
    parent_id = Identifier(
        strict=True, allow_none=True, metadata={"description": "the section above it; null: none"}
    )
    until_on = Day(
        data_key="until",
        allow_none=True,
        metadata={"description": "its last day, on or before which everybody has left it; null: no end"},
    )


class NewSection(SectionChange):
    code = Text(required=True, **_CODE)
    name = Text(required=True, **_line(80, 1))


def _corrects_past(what: str, code: str) -> fields.Boolean:
    said = f"{what} entered for that day or later fall away, also where they held already"
    return fields.Boolean(
        load_default=False, metadata={"description": f"{said}; refused with `{code}` otherwise"}
    )


class PersonChange(Schema):
    """What may change of an account; what is not given stays."""

    name = Text(**_line(80, 1))
    kana = Text(**_line(80))
    extension = Text(**_line(16))
    email = Address()
    role = fields.Enum(Role, by_value=True)
    employment = fields.Enum(Employment, by_value=True)
    employment_from = Day(
        allow_none=True,
        metadata={"description": "the first day of this employment; null or absent: today"},
    )
    corrects_past = _corrects_past("employments", "user.past_employment")
    locale = fields.String(**LOCALE)


class PersonRequest(Schema):
    name = Text(required=True, **_line(80, 1))
    kana = Text(load_default="", **_line(80))
    extension = Text(load_default="", **_line(16))
    email = Address(required=True)
    role = fields.Enum(Role, by_value=True, load_default=Role.STAFF)
    employment = fields.Enum(Employment, by_value=True, load_default=Employment.REGULAR)
    locale = fields.String(load_default="", **LOCALE)
    section = Text(required=True, metadata={"description": "the section's code"}, **_line(32, 1))


class NewPerson(PersonRequest):
    from_on = Day(
        data_key="from", load_default=None, metadata={"description": "the first day; default: today"}
    )


class SectionsRequest(Schema):
    """From a day on the person belongs to exactly these sections."""

    from_on = Day(data_key="from", required=True)
    section_ids = fields.List(
        Identifier(), required=True, validate=validate.Length(1, 20), metadata={"minItems": 1}
    )
    corrects_past = _corrects_past("sections", "user.past_sections")


class LeaveRequest(Schema):
    at = Instant(load_default=None, metadata={"description": "an instant to come; absent: now"})
    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "tell what would be freed, do nothing"}
    )


class LeaversBookingView(Schema):
    id = fields.Integer()
    space_id = fields.Integer()
    start = fields.AwareDateTime(attribute="start_at")
    end = fields.AwareDateTime(attribute="end_at")
    status = fields.String(attribute="status.value")
    reason = fields.String()


class LeftView(Schema):
    left_at = fields.AwareDateTime(allow_none=True)
    leaves_at = fields.AwareDateTime(allow_none=True)
    freed = fields.Integer(metadata={"description": "how many bookings were freed"})
    bookings = fields.List(
        fields.Nested(LeaversBookingView), metadata={"description": "which; told to IT alone"}
    )
    webhook_hosts = fields.List(
        fields.String(),
        metadata={
            "description": "which hosts their webhooks call: once they have left told nothing until taken over"
        },
    )


class TokenQuery(PageArguments):
    user = Identifier(load_default=None, metadata={"description": "whose; for IT"})


class TokenRequest(Schema):
    label = Text(required=True, **_line(LABEL_MOST, 1))
    expires_on = Day(
        load_default=None, allow_none=True, metadata={"description": "the last day on which it works"}
    )
    user_id = Identifier(load_default=None, metadata={"description": "a kiosk or a service; for IT"})


class TokenView(Schema):
    id = fields.Integer()
    user_id = fields.Integer()
    label = fields.String()
    created_at = fields.AwareDateTime()
    expires_on = fields.Date(allow_none=True)
    last_used_on = fields.Date(allow_none=True, metadata={"description": "the day; nothing finer is kept"})


class IssuedView(TokenView):
    token = fields.String(metadata={"description": "shown this once"})


class TokenList(Schema):
    items = fields.List(fields.Nested(TokenView), validate=validate.Length(max=AT_MOST))
    next_cursor = fields.Integer(allow_none=True)


class CodeView(Schema):
    code = fields.String(metadata={"description": "shown this once; the person types it at /password/new"})
    expires_at = fields.AwareDateTime()


class LookView(Schema):
    at = fields.AwareDateTime()
    name = fields.String()


class LookList(Schema):
    items = fields.List(fields.Nested(LookView))
    next_cursor = fields.Integer(allow_none=True)
