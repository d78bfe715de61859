"""A list that changes while it is read in pages: nothing is shown twice, and nothing that stays is passed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from app.bookings.models import Booking
from app.database import transaction
from app.people import service as people
from app.people.models import Role, Section, User
from app.spaces.models import Space, Zone
from app.telework.models import HalfDay
from tests.app.api.good import Seeds, asked, section_week
from tests.app.api.good_singles import planned_outage
from tests.app.api.test_lists import close_day, query
from tests.app.api.test_schema import lots, seeds
from tests.app.api.test_versions import cell, in_query
from tests.app.bookings.rooms import meeting
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at

__all__ = ["lots", "seeds"]


class Reader:
    """Reads lists, and does to the office what changes them, all as somebody of it."""

    def __init__(self, api: Api, seeds: Seeds) -> None:
        self.api, self.seeds, self.house = api, seeds, seeds.house

    def call(self, who: str, method: str, path: str, body: Any = None) -> Any:
        answer = self.api.call(who, method, path, body)
        assert 200 <= answer.status_code < 300, (method, path, answer.text)
        return answer.get_json(silent=True)

    def page(self, who: str, path: str, limit: int, cursor: Any = None) -> tuple[list[Any], Any]:
        sign = "&" if "?" in path else "?"
        more = f"&cursor={cursor}" if cursor is not None else ""
        found = self.call(who, "GET", f"{path}{sign}limit={limit}{more}")
        return found["items"], found["next_cursor"]


def floors_first_zone(one: Reader) -> None:
    one.call("fujii", "POST", "/zones", {"floor_id": one.house.floor_id, "code": "0", "name": "手前"})


def somebody_first(one: Reader) -> None:
    with transaction(one.house.engine) as session:
        people.add_user(
            session, "a@example.jp", name="a", section_code="zei", role=Role.STAFF, now=at("08:00"), on=DAY
        )


def first_section(one: Reader) -> None:
    with transaction(one.house.engine) as session:
        people.add_section(session, "0", name="秘書課")


def another_closure(one: Reader) -> None:
    span = {"start": at("09:00", day=70).isoformat(), "end": at("18:00", day=70).isoformat()}
    one.call("fujii", "POST", "/closures", {"site_id": one.seeds.site, **span})


def two_outages(one: Reader) -> None:
    for _ in range(2):
        planned_outage(one.seeds)


def kept_too(one: Reader) -> None:
    body = {"user_id": one.house.people["aoki"].id, "from": "2027-01-06", "until": "2027-01-07"}
    one.call("fujii", "POST", f"/spaces/{one.house.spaces['bare']}/fixed-seat", body)


def another_rule(one: Reader) -> None:
    one.call("jinji", "POST", "/telework/rules", {"from": (DAY + timedelta(days=50)).isoformat(), "week": 4})


def another_deputy(one: Reader) -> None:
    body = {"deputy_id": one.house.people["aoki"].id, "from": (DAY + timedelta(days=3)).isoformat()}
    one.call("chiba", "POST", "/telework/deputies", body)


def another_hook(one: Reader) -> None:
    one.call("fujii", "POST", "/webhooks", {"url": "http://127.0.0.1:9/y", "kinds": ["space.*"]})


def removed(path: str, who: str = "fujii", name: str = "id") -> Callable[[Reader], None]:
    """What was shown first is taken away."""

    def act(one: Reader) -> None:
        (first,), _following = one.page(who, path, 1)
        one.call(who, "DELETE", f"{path}/{first[name]}")

    return act


def two_plans(one: Reader) -> None:
    for day in (12, 13):
        asked(one.seeds, day)


def earlier_plan(one: Reader) -> None:
    asked(one.seeds, 0)


def first_approved(one: Reader) -> None:
    (first,), _following = one.page("chiba", "/telework/approvals", 1)
    one.call("chiba", "POST", f"/telework/plans/{first['id']}/approve")


def days_written(one: Reader) -> None:
    close_day(one.house)


def first_erased(path: str) -> Callable[[Reader], None]:
    def act(one: Reader) -> None:
        (first,), _following = one.page("jinji", path, 1)
        with transaction(one.house.engine) as session:
            session.execute(delete(HalfDay).where(HalfDay.id == first["id"]))

    return act


def two_bookings(one: Reader) -> None:
    one.house.book("baba", "bare", "13:00", "14:00")
    one.house.book("baba", "window", "14:00", "15:00")


def earlier_booking(one: Reader) -> None:
    one.house.book("baba", "bare", "10:00", "11:00")


def two_numbers(one: Reader) -> None:
    for who in ("aoki", "baba", "chiba"):
        one.call(who, "POST", "/waitlist/numbers", {"zone_id": one.seeds.zone})


def first_leaves(one: Reader) -> None:
    (first,), _following = one.page("aoki", "/waitlist", 1)
    one.call("aoki", "DELETE", f"/waitlist/{first['id']}")


def another_token(one: Reader) -> None:
    one.call("aoki", "POST", "/tokens", {"label": "x"})


def looked_up(one: Reader) -> None:
    one.call("baba", "GET", "/people?q=aoki")


def two_looks(one: Reader) -> None:
    for who in ("chiba", "endo"):
        one.call(who, "GET", "/people?q=aoki")


def two_invitations(one: Reader) -> None:
    for hour in (14, 16):
        meeting(one.house, "chiba", "aoki", hour=hour)


def earlier_invitation(one: Reader) -> None:
    meeting(one.house, "chiba", "aoki", hour=12)


def two_locks(one: Reader) -> None:
    for half in ("am", "pm"):
        one.call("chiba", "PUT", "/rotations/locks", cell(one.seeds, "home") | {"half": half})


def first_unlocked(one: Reader) -> None:
    one.call("chiba", "PUT", "/rotations/locks", cell(one.seeds, None))


def nothing(_one: Reader) -> None:
    """What is there will do."""


DAYS = f"/telework/days?from={DAY}&to={DAY}"
OF_SECTION = f"{DAYS}&section=2"
# The list, who reads it, what must be there first, what happens after its first page.
LISTS: dict[str, tuple[str, Callable[[Reader], None], Callable[[Reader], None]]] = {
    "/zones": ("aoki", nothing, floors_first_zone),
    "/people": ("fujii", nothing, somebody_first),
    "/sections": ("fujii", nothing, first_section),
    "/closures": ("fujii", another_closure, removed("/closures")),
    "/outages": ("fujii", two_outages, removed("/outages")),
    "/fixed-seats": ("fujii", kept_too, removed("/fixed-seats")),
    "/telework/rules": ("jinji", another_rule, removed("/telework/rules", "jinji")),
    "/telework/deputies": ("chiba", another_deputy, removed("/telework/deputies", "chiba")),
    "/webhooks": ("fujii", another_hook, removed("/webhooks")),
    f"/telework/plans?from={DAY}&to={DAY + timedelta(days=30)}": ("aoki", two_plans, earlier_plan),
    "/telework/approvals": ("chiba", two_plans, first_approved),
    DAYS: ("jinji", days_written, first_erased(DAYS)),
    OF_SECTION: ("jinji", days_written, first_erased(OF_SECTION)),
    f"/usage?{query('08:00', '18:00', ('from', 'to'))}": ("fujii", two_bookings, earlier_booking),
    "/waitlist/numbers?zone={zone}": ("aoki", two_numbers, first_leaves),
    "/tokens": ("aoki", another_token, another_token),
    "/me/looks": ("aoki", two_looks, looked_up),
    "/bookings/invitations": ("aoki", two_invitations, earlier_invitation),
    "/presence?section=1": ("chiba", nothing, nothing),
    "/rotations/locks?{week}": ("chiba", two_locks, first_unlocked),
}


def named(item: dict[str, Any]) -> Any:
    """What of an item says which it is."""
    for name in ("id", "booking_id"):
        if item.get(name) is not None:
            return item[name]
    whose = "user_id" if "user_id" in item else "name"
    return tuple(str(item[name]) for name in ("at", whose, "on", "half") if name in item)


@pytest.mark.parametrize("path", LISTS)
def test_what_stays_is_shown_once(api: Api, house: House, seeds: Seeds, path: str) -> None:
    who, prepare, meanwhile = LISTS[path]
    one = Reader(api, seeds)
    prepare(one)
    path = path.format(zone=seeds.zone, week=in_query(section_week(seeds)))
    whole, _end = one.page(who, path, 200)
    assert len(whole) > 1
    shown, cursor = one.page(who, path, 1)
    meanwhile(one)
    while cursor is not None:
        items, cursor = one.page(who, path, 1, cursor)
        assert items
        shown += items
    names, there = [named(item) for item in shown], [named(item) for item in whole]
    assert [name for name in names if name in there] == there
    assert len(names) == len(set(names))


def one_kana(kana: str, prepare: Callable[[Reader], None] = nothing) -> Callable[[Reader], None]:
    """Everybody is called so."""

    def act(one: Reader) -> None:
        prepare(one)
        with transaction(one.house.engine) as session:
            session.execute(update(User).values(kana=kana, name=kana + User.name))

    return act


def other_codes(of: type[Any]) -> Callable[[Reader], None]:
    """Each has a code that comes before all that were."""

    def act(one: Reader) -> None:
        with transaction(one.house.engine) as session:
            session.execute(update(of).values(code="!" + of.code))

    return act


def moved_ahead(one: Reader) -> None:
    """What was booked last is booked for an earlier hour than all else."""
    with transaction(one.house.engine) as session:
        last = session.scalars(select(Booking).order_by(Booking.id.desc()).limit(1)).one()
        last.start_at, last.end_at = at("12:10"), at("12:40")


# As above; what happens changes that by which people would sort the list.
CHANGING: dict[str, tuple[str, Callable[[Reader], None], Callable[[Reader], None]]] = {
    "/people": ("fujii", one_kana("い"), one_kana("あ")),
    OF_SECTION: ("jinji", one_kana("い", days_written), one_kana("あ")),
    "/presence?section=1": ("chiba", one_kana("い"), one_kana("あ")),
    "/telework/approvals": ("chiba", one_kana("い", two_plans), one_kana("あ")),
    "/telework/deputies": ("chiba", one_kana("い", another_deputy), one_kana("あ")),
    "/zones": ("aoki", nothing, other_codes(Zone)),
    "/sections": ("fujii", nothing, other_codes(Section)),
    "/bookings/invitations": ("aoki", two_invitations, moved_ahead),
    f"/usage?{query('08:00', '18:00', ('from', 'to'))}": ("fujii", two_bookings, other_codes(Space)),
}


@pytest.mark.parametrize("path", CHANGING)
def test_who_is_called_otherwise_or_moved_meanwhile_is_shown_once(
    api: Api, house: House, seeds: Seeds, path: str
) -> None:
    who, prepare, meanwhile = CHANGING[path]
    one = Reader(api, seeds)
    prepare(one)
    there = {named(item) for item in one.page(who, path, 200)[0]}
    shown, cursor = one.page(who, path, 1)
    meanwhile(one)
    while cursor is not None:
        items, cursor = one.page(who, path, 1, cursor)
        shown += items
    names = [named(item) for item in shown]
    assert len(there) > 1
    assert (sorted(names, key=str), len(names)) == (sorted(there, key=str), len(there))


@pytest.mark.parametrize("path", ["/zones", "/people", "/closures", DAYS, "/usage"])
def test_a_cursor_of_another_list_or_of_none_is_refused(api: Api, path: str) -> None:
    sign = "&" if "?" in path else "?"
    for cursor in ("x", "2", "W10"):
        answer = api.call("fujii", "GET", f"{path}{sign}cursor={cursor}")
        assert problem(answer) == (422, "request.invalid")
