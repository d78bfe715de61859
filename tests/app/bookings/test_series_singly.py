"""A day of a series that was changed singly: a change of more of them leaves it what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.timespan import TimeSpan
from tests.app.bookings.test_series import bookings
from tests.app.bookings.test_series_attendees import make, patch
from tests.app.bookings.test_walk_in import post, signed_in
from tests.fixtures.web import Api
from tests.house import DAY, House, at, span


@pytest.fixture
def ids(api: Api, house: House) -> list[int]:
    """A series of three days at the seat; the second was moved to the afternoon, at the window, with a title."""
    found = make(api, house, where="seat")
    singly = {"start": at("14:00", day=1).isoformat(), "end": at("16:00", day=1).isoformat()}
    done = patch(api, found[1], **singly, space_id=house.spaces["window"], title="昼の会")
    assert done.status_code == 200
    return found


def stand(house: House) -> list[tuple[TimeSpan, str, str]]:
    """When, where, and under what title."""
    names = {space_id: name for name, space_id in house.spaces.items()}
    return [(one.span, names[one.space_id], one.title) for one in bookings(house)]


def change(client: FlaskClient, house: House, **form: str) -> None:
    """The form of the first day, as it is shown but for what is given."""
    shown = {"date": DAY.isoformat(), "from": "10:00", "to": "11:00", "code": "seat", "title": ""}
    first, *_others = bookings(house)
    version = {"version": str(first.version), "scope": "all"}
    done = post(client, "/bookings", f"/bookings/{first.id}/change", **shown | version | form)
    assert 'class="notice done"' in done.text


def test_another_title_moves_no_day(api: Api, house: House, ids: list[int]) -> None:
    # Somebody else has since what the moved day gave up: it could not go back.
    house.book("baba", "seat", "10:00", "11:00", day=1)
    assert patch(api, ids[0], title="定例", scope="all").status_code == 200
    assert [one for one in stand(house) if one[2]] == [
        (span("10:00", "11:00"), "seat", "定例"),
        (span("14:00", "16:00", day=1), "window", "定例"),
        (span("10:00", "11:00", day=2), "seat", "定例"),
    ]


@pytest.mark.parametrize(
    ("changed", "first", "moved"),
    [
        ({"end": at("12:00").isoformat()}, ("10:00", "12:00"), ("14:00", "16:00")),
        ({"end": at("10:30").isoformat()}, ("10:00", "10:30"), ("14:00", "14:30")),
        ({"start": at("09:00").isoformat()}, ("09:00", "11:00"), ("09:00", "11:00")),
    ],
)
def test_an_end_alone_is_another_length_and_a_start_means_the_hours_of_all(
    api: Api, house: House, ids: list[int], changed: dict[str, Any], first: Any, moved: Any
) -> None:
    assert patch(api, ids[0], **changed, scope="all").status_code == 200
    assert stand(house) == [
        (span(*first), "seat", ""),
        (span(*moved, day=1), "window", "昼の会"),
        (span(*first, day=2), "seat", ""),
    ]


def test_the_page_gives_all_of_them_only_what_was_changed_in_it(
    app: Flask, house: House, ids: list[int]
) -> None:
    client = signed_in(app.test_client(), house, "aoki")
    change(client, house, title="定例")
    afternoon = (span("14:00", "16:00", day=1), "window", "定例")
    assert stand(house)[1] == afternoon
    assert {title for *_where, title in stand(house)} == {"定例"}
    change(client, house, title="定例", code="bare")
    assert stand(house) == [
        (span("10:00", "11:00"), "bare", "定例"),
        (span("14:00", "16:00", day=1), "bare", "定例"),
        (span("10:00", "11:00", day=2), "bare", "定例"),
    ]


def test_other_hours_in_the_page_leave_every_day_its_space_and_title(
    app: Flask, house: House, ids: list[int]
) -> None:
    change(signed_in(app.test_client(), house, "aoki"), house, **{"from": "13:00", "to": "15:00"})
    assert stand(house) == [
        (span("13:00", "15:00"), "seat", ""),
        (span("13:00", "15:00", day=1), "window", "昼の会"),
        (span("13:00", "15:00", day=2), "seat", ""),
    ]
