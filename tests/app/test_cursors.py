"""Pages follow a key: whatever comes and goes between two of them, nothing is shown twice or passed over."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from app.cursors import After, cursor, id_page, key_page
from app.fields import Day, Identifier, Instant, Text

PARTS = (Text(), Identifier(strict=True), Day(), Instant())
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
IDS = st.integers(0, 2**63 - 1)
DAYS = st.dates(date(2000, 1, 1), date(2199, 12, 31))
TIMES = st.datetimes(datetime(2000, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


class Row(NamedTuple):
    id: int
    name: str = ""


@given(st.tuples(NAMES, IDS, DAYS, TIMES))
def test_a_key_comes_back_as_it_was(key: tuple[Any, ...]) -> None:
    back: Any = After(*PARTS).deserialize(cursor(key))
    assert back == key


KEYS: list[tuple[Any, ...]] = [
    (),
    ("a",),
    (1, 2),
    ("a", -1),
    ("a", 2**64 - 1),
    ("a\x00", 1),
    (None, 1),
    ("a", 1, 1),
    (["a"], {}),
]


@pytest.mark.parametrize("text", ["", "1", "x", "=", "é", "abcd", "AAAA", "a" * 5000, *map(cursor, KEYS)])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        After(Text(), Identifier(strict=True)).deserialize(text)


def test_a_list_begins_where_no_cursor_or_nought_is_given() -> None:
    assert After(Text()).deserialize("0") is None
    rows = [Row(2, "b"), Row(1, "a")]
    page = key_page(rows, {"cursor": None, "limit": 2}, lambda row: (row.name, row.id))
    assert page == {"items": [Row(1, "a"), Row(2, "b")], "next_cursor": None}


Changing = st.lists(
    st.sets(st.builds(Row, st.integers(1, 30), st.sampled_from("あいう"))), min_size=1, max_size=40
)


@given(Changing, st.integers(1, 4), st.sampled_from(["key", "id", "newest"]))
def test_what_stays_is_shown_once_and_in_order(lists: list[set[Row]], limit: int, how: str) -> None:
    """Each page is of the next of the lists; the last one stays as it is."""
    after: Any = None
    shown: list[Row] = []
    states = [*lists, *[lists[-1]] * 40]
    seen_states = []
    for rows in states:
        listed = list(rows) if how == "key" else list({row.id: row for row in sorted(rows)}.values())
        seen_states.append(set(listed))
        query = {"cursor": after, "limit": limit}
        if how == "key":
            page = key_page(listed, query, lambda row: (row.name, row.id))
            following = page["next_cursor"]
            after = After(Text(), Identifier()).deserialize(following) if following else None
        else:
            page = id_page(listed, query, newest_first=how == "newest")
            following = after = page["next_cursor"]
        shown += page["items"]
        if following is None:
            break
    keys = [(row.name, row.id) if how == "key" else row.id for row in shown]
    assert keys == sorted(set(keys), reverse=how == "newest")
    assert set.intersection(*seen_states) <= set(shown)
