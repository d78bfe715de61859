"""What the API shows of people."""

from marshmallow import Schema, fields

from app.fields import Identifier


class SectionView(Schema):
    id = fields.Integer()
    code = fields.String()
    name = fields.String()
    name_en = fields.String()


class PersonView(Schema):
    id = fields.Integer()
    name = fields.String()
    kana = fields.String()
    email = fields.String()
    extension = fields.String()
    role = fields.String()


class MeView(Schema):
    id = fields.Integer()
    name = fields.String()
    email = fields.String()
    role = fields.String()
    section_ids = fields.List(fields.Integer())


class PeopleQuery(Schema):
    section = Identifier(load_default=None, metadata={"description": "only members of this section today"})


class PeopleList(Schema):
    items = fields.List(fields.Nested(PersonView))
    next_cursor = fields.Integer(allow_none=True)


class SectionList(Schema):
    items = fields.List(fields.Nested(SectionView))
    next_cursor = fields.Integer(allow_none=True)
