"""Cursor pages of lists in another order than that of their ids: the cursor is the key of what the page before ended
with, so that nothing is shown twice or passed over, whatever comes and goes meanwhile.

A key is of what never changes of a row: in the order of names, who is given another one between two pages would be on
neither or on both. Whoever shows a list to people sorts it; a program's pages are in the order of keys."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from marshmallow import Schema, ValidationError, fields

from app.fields import Identifier
from app.http import NEXT, PageArguments, cursor_page

Row = TypeVar("Row")
Key = tuple[Any, ...]
# How a client may ask for the first page; as it does where cursors are ids.
FIRST = "0"
# The key of most: its id.
BY_ID = (Identifier(strict=True),)


def by_id(row: Any) -> Key:
    """The key of what has an id."""
    return (row.id,)


class After(fields.String):
    """The key that a page begins after, in the text that `next_cursor` was; None: the first page."""

    def __init__(self, *parts: fields.Field[Any]) -> None:
        super().__init__(load_default=None, metadata={"description": NEXT})
        self._parts = parts

    def _deserialize(self, value: Any, *_args: Any, **_options: Any) -> Any:
        if value == FIRST:
            return None
        try:
            said = orjson.loads(urlsafe_b64decode(value + "=" * (-len(value) % 4)))
            return tuple(part.deserialize(one) for part, one in zip(self._parts, said, strict=True))
        except (TypeError, ValueError, ValidationError) as error:
            raise ValidationError("must be the next_cursor of a page") from error


def cursor(key: Key) -> str:
    """The text of a key."""
    return urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def paged_by(*parts: fields.Field[Any], of: type[Schema] = PageArguments) -> type[Schema]:
    """The query `of` a list whose pages follow a key of these parts."""
    return type(f"{of.__name__}By", (of,), {"cursor": After(*parts)})


def key_page(rows: Sequence[Row], query: Mapping[str, Any], key: Callable[[Row], Key]) -> dict[str, Any]:
    """A page of a list that is read whole, in the order of `key`, which no two of it share."""
    keyed = sorted(((key(row), number) for number, row in enumerate(rows)))
    after: Key | None = query["cursor"]
    left = [rows[number] for at, number in keyed if after is None or at > after]
    return page_of(left, query["limit"], key)


def page_of(rows: Sequence[Row], limit: int, key: Callable[[Row], Key]) -> dict[str, Any]:
    """A page from rows after the cursor, in the order of `key`; one more than `limit` was asked for, or all."""
    items = rows[:limit]
    return {"items": items, "next_cursor": cursor(key(items[-1])) if len(rows) > limit else None}


def id_page(rows: Sequence[Any], query: Mapping[str, Any], *, newest_first: bool = False) -> dict[str, Any]:
    """A page of a list that is read whole, in the order of its ids."""
    after = query["cursor"]
    ordered = sorted(rows, key=lambda row: row.id, reverse=newest_first)
    left = [row for row in ordered if not after or (row.id < after if newest_first else row.id > after)]
    return cursor_page(left, query["limit"])
