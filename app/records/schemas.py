"""What the API takes and shows of files and of one's own data."""

from marshmallow import Schema, fields, validate

from app.csv_text import ENCODINGS, UTF8


class OwnData(Schema):
    """Rows by table."""

    data = fields.Dict(keys=fields.String(), values=fields.List(fields.Dict()))
    exported_at = fields.AwareDateTime()


class ExportQuery(Schema):
    encoding = fields.String(load_default=UTF8, validate=validate.OneOf(ENCODINGS))


class ImportQuery(Schema):
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only tell what would change"})


class ChangeView(Schema):
    line = fields.Integer()
    what = fields.String()
    key = fields.String()
    differs = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "from what to what"},
    )


class RefusalView(Schema):
    line = fields.Integer()
    code = fields.String()
    column = fields.String()
    value = fields.String()


class MovingView(Schema):
    """A booking whose people may not be where it was; `to_code` empty: it ends, and its person is told."""

    booking_id = fields.Integer()
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()
    from_code = fields.String()
    to_code = fields.String()


class DiffView(Schema):
    added = fields.List(fields.Nested(ChangeView))
    changed = fields.List(fields.Nested(ChangeView))
    unchanged = fields.Integer()
    refused = fields.List(fields.Nested(RefusalView))
    doubtful = fields.List(
        fields.Nested(RefusalView),
        metadata={
            "description": "lines that are taken all the same, such as of a model that no profile knows; or passed "
            "over, of somebody who has left"
        },
    )
    moves = fields.List(fields.Nested(MovingView))
    version = fields.String(
        metadata={"description": "the ETag of a dry run: in If-Match, exactly this is done, or nothing (412)"}
    )
