"""A good request of every operation of the API, in an office in which each finds what it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app import pipeline
from app.database import transaction
from app.spaces.models import Sensor, Zone
from app.spaces.rules import Kind, Lane, Target
from app.telework.approval.service import approve_plan
from app.telework.closing.rules import DEFAULT, Month
from app.telework.daylog.models import ClosedMonth
from app.telework.models import ClosedDay
from app.telework.requesting import withdraw
from app.telework.rules import Half, PlanKind
from app.telework.service import put_plan
from app.waitlist.rules import Wish
from tests.app.bookings.rooms import meeting
from tests.app.rotation import months
from tests.app.telework.days import unknown_yesterday
from tests.app.telework.desk import section_id
from tests.house import DAY, OFFICE, House, at
from tests.house import span as house_span


@dataclass
class Good:
    """A request that succeeds: path parameters, query, body, If-Match; `who` where it must be somebody else."""

    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    version: bool = False
    who: str = ""
    media: str = "application/json"


@dataclass
class Seeds:
    """An office in which every operation finds what it is about."""

    house: House
    booking: int
    plan: int
    closure: int
    fixed: int
    series: int
    message: int
    webhook: int
    zone: int
    site: int
    drawn: int
    to_draw: int
    newcomer: int
    token: int
    rule: int
    deputy: int


def span(start: str, end: str, *, day: int = 0) -> dict[str, str]:
    return {"start": at(start, day=day).isoformat(), "end": at(end, day=day).isoformat()}


def from_to(start: str, end: str) -> dict[str, str]:
    return {"from": at(start).isoformat(), "to": at(end).isoformat()}


DAYS = {"from": DAY.isoformat(), "to": DAY.isoformat()}
HOURS = {"opens": "06:00", "closes": "22:00", "working_days_only": False}
CHOICES: dict[str, Any] = {"wanted": [], "quiet_from": None, "quiet_until": None}

DESK_EVENT = {
    "event": {
        "eventId": "c510f9ag03fligl8tvag",
        "targetName": "projects/p/devices/sensor-seat",
        "eventType": "deskOccupancy",
        "data": {"deskOccupancy": {"state": "OCCUPIED", "updateTime": at("08:59").isoformat()}},
        "timestamp": at("08:59").isoformat(),
    }
}

GOOD: dict[str, Callable[[Seeds], Good]] = {
    "GET /me": lambda _s: Good(),
    "PATCH /me": lambda _s: Good(body={"locale": "en"}),
    "GET /people": lambda _s: Good(),
    "POST /people": lambda _s: Good(
        body={"name": "x", "email": "x@example.jp", "section": "zei", "role": "chief"}, who="ito"
    ),
    "GET /people/{user_id}": lambda s: Good({"user_id": s.newcomer}),
    "PATCH /people/{user_id}": lambda s: Good(
        {"user_id": s.newcomer}, body={"extension": "3101"}, version=True
    ),
    "PUT /people/{user_id}/sections": lambda s: Good(
        {"user_id": s.newcomer}, body={"from": DAY.isoformat(), "section_ids": [1, 2]}, version=True
    ),
    "POST /people/{user_id}/password-code": lambda s: Good({"user_id": s.newcomer}),
    "POST /people/{user_id}/leave": lambda s: Good({"user_id": s.newcomer}, body={}, version=True),
    "DELETE /people/{user_id}/leave": lambda s: Good({"user_id": s.newcomer}),
    "GET /me/looks": lambda _s: Good(),
    "GET /tokens": lambda _s: Good(),
    "POST /tokens": lambda _s: Good(body={"label": "x", "expires_on": "2026-12-31"}),
    "DELETE /tokens/{token_id}": lambda s: Good({"token_id": s.token}, who="ito"),
    "GET /sections": lambda _s: Good(),
    "GET /floors": lambda _s: Good(),
    "GET /floors/{floor_id}": lambda s: Good({"floor_id": s.house.floor_id}),
    "GET /floors/{floor_id}/availability": lambda s: Good(
        {"floor_id": s.house.floor_id}, span("09:00", "12:00")
    ),
    "GET /zones": lambda _s: Good(),
    "GET /zones/{zone_id}/rules": lambda s: Good({"zone_id": s.zone}),
    "PUT /zones/{zone_id}/rules": lambda s: Good({"zone_id": s.zone}, body={"guests": [], "overflow": []}),
    "GET /spaces": lambda _s: Good(),
    "GET /spaces/{space_id}": lambda s: Good({"space_id": s.house.spaces["seat"]}),
    "POST /zones": lambda s: Good(body={"floor_id": s.house.floor_id, "code": "Z", "name": "新しい島"}),
    "PATCH /zones/{zone_id}": lambda s: Good({"zone_id": s.zone}, body={"name": "窓側"}),
    "DELETE /zones/{zone_id}": lambda s: Good({"zone_id": empty_zone(s)}),
    "POST /spaces": lambda s: Good(body={"zone_id": s.zone, "code": "Z-1", "kind": "seat"}),
    "PATCH /spaces/{space_id}": lambda s: Good({"space_id": s.house.spaces["seat"]}, body={"capacity": 1}),
    "DELETE /spaces/{space_id}": lambda s: Good({"space_id": s.house.spaces["bare"]}, {"dry_run": True}),
    "POST /sensors": lambda _s: Good(body={"id": "spare", "heartbeat_s": 300}),
    "PATCH /sensors/{sensor_id}": lambda _s: Good({"sensor_id": "sensor-seat"}, body={"model": "x"}),
    "POST /sensors/{sensor_id}/swap": lambda s: Good(
        {"sensor_id": "sensor-booth"}, body={"spare_id": spare_sensor(s)}
    ),
    "DELETE /sensors/{sensor_id}": lambda _s: Good({"sensor_id": "sensor-free"}),
    "POST /intake/{wire}": lambda _s: Good({"wire": "disruptive"}, body=DESK_EVENT, who="bridge"),
    "GET /policies": lambda _s: Good(),
    "POST /policies": lambda s: Good(
        body={"kind": "booth", "zone_id": s.zone, "values": {"no_show_grace": "15m", "buffer": None}}
    ),
    "PATCH /policies/{kind}": lambda _s: Good({"kind": "booth"}, body={"values": {"walk_in": "on"}}),
    "DELETE /policies/{kind}": lambda _s: Good({"kind": "booth"}),
    "GET /sites": lambda _s: Good(),
    "PUT /sites/{site_id}/hours": lambda s: Good({"site_id": s.site}, body=HOURS),
    "GET /closures": lambda _s: Good(),
    "POST /closures": lambda s: Good(
        body={"site_id": s.site, "end": at("18:00", day=9).isoformat(), "dry_run": True}
    ),
    "DELETE /closures/{closure_id}": lambda s: Good({"closure_id": s.closure}),
    "POST /spaces/{space_id}/outage": lambda s: Good({"space_id": s.house.spaces["bare"]}, body={}),
    "DELETE /spaces/{space_id}/outage": lambda s: Good({"space_id": s.house.spaces["bare"]}),
    "GET /fixed-seats": lambda _s: Good(),
    "POST /spaces/{space_id}/fixed-seat": lambda s: Good(
        {"space_id": s.house.spaces["window"]},
        body={"user_id": s.house.people["baba"].id, "from": "2027-03-01", "until": "2027-03-02"},
    ),
    "DELETE /fixed-seats/{fixed_id}": lambda s: Good({"fixed_id": s.fixed}),
    "GET /sensors": lambda _s: Good(),
    "POST /bookings": lambda s: Good(body={"space_id": s.house.spaces["seat"], **span("15:00", "16:00")}),
    "GET /bookings": lambda _s: Good(),
    "GET /bookings/{booking_id}": lambda s: Good({"booking_id": s.booking}),
    "PATCH /bookings/{booking_id}": lambda s: Good(
        {"booking_id": s.booking}, body={"title": "x"}, version=True
    ),
    "DELETE /bookings/{booking_id}": lambda s: Good({"booking_id": spare(s)}, version=True),
    "POST /bookings/{booking_id}/still-coming": lambda s: Good({"booking_id": s.booking}),
    "POST /bookings/{booking_id}/check-in": lambda s: Good({"booking_id": s.booking}),
    "POST /bookings/{booking_id}/end": lambda s: Good({"booking_id": s.booking}),
    "POST /bookings/{booking_id}/decline": lambda s: Good(
        {"booking_id": meeting(s.house, "aoki", "fujii", day=10).id}
    ),
    "POST /bookings/{booking_id}/reclaim": lambda s: Good({"booking_id": released(s)}),
    "GET /bookings/{booking_id}/history": lambda s: Good({"booking_id": s.booking}),
    "GET /me/export": lambda _s: Good(),
    "GET /exports/{name}": lambda _s: Good({"name": "spaces"}),
    "POST /imports/{name}": lambda _s: Good(
        {"name": "people"}, body="email,name\nmori@example.jp,森\n", who="ito", media="text/csv"
    ),
    "POST /bookings/cancel": lambda _s: Good(body=from_to("09:00", "18:00")),
    "POST /series/{series_id}/confirm": lambda s: Good({"series_id": s.series}, who="aoki"),
    "POST /spaces/{space_id}/claim": lambda s: Good({"space_id": s.house.spaces["free"]}, who="baba"),
    "POST /bookings/now": lambda _s: Good(body={"lane": "desk", "minutes": 30, "dry_run": True}, who="chiba"),
    "POST /waitlist": lambda _s: Good(body={"kind": "booth", **span("09:00", "10:00", day=8)}, who="chiba"),
    "GET /waitlist": lambda _s: Good(who="chiba"),
    "POST /waitlist/numbers": lambda s: Good(body={"zone_id": s.zone}, who="endo"),
    "GET /waitlist/numbers": lambda s: Good(query={"zone": s.zone}),
    "GET /waitlist/{entry_id}": lambda s: Good({"entry_id": offered(s, 5)}, who="chiba"),
    "DELETE /waitlist/{entry_id}": lambda s: Good({"entry_id": offered(s, 6)}, who="chiba"),
    "POST /waitlist/{entry_id}/accept": lambda s: Good({"entry_id": offered(s, 7)}, who="chiba"),
    "POST /waitlist/{entry_id}/decline": lambda s: Good({"entry_id": offered(s, 9)}, who="chiba"),
    "GET /usage": lambda s: Good(query={"space": s.house.spaces["seat"], **from_to("09:00", "18:00")}),
    "PUT /usage/{booking_id}/correction": lambda s: Good(
        {"booking_id": s.booking}, body={"reason": "told"}, version=True
    ),
    "GET /telework/plans": lambda _s: Good(query=DAYS),
    "PUT /telework/plans": lambda _s: Good(body={"on": DAY.isoformat(), "half": "pm", "kind": "home"}),
    "GET /telework/needless": lambda _s: Good(),
    "POST /telework/needless": lambda s: Good(body={"booking_ids": [needless(s)]}, who="aoki"),
    "GET /telework/approvals": lambda _s: Good(who="chiba"),
    "POST /telework/approvals": lambda s: Good(body={"plan_ids": [asked(s, 8)]}, who="chiba"),
    "POST /telework/plans/{plan_id}/approve": lambda s: Good({"plan_id": s.plan}, who="chiba"),
    "POST /telework/plans/{plan_id}/revoke": lambda s: Good(
        {"plan_id": s.plan}, body={"reason": "議会対応"}, who="chiba"
    ),
    "POST /telework/plans/{plan_id}/reject": lambda s: Good(
        {"plan_id": asked(s, 9)}, body={"reason": "窓口"}, who="chiba"
    ),
    "POST /telework/plans/{plan_id}/withdraw": lambda s: Good({"plan_id": asked(s, 8)}, who="aoki"),
    "POST /telework/plans/{plan_id}/restore": lambda s: Good({"plan_id": withdrawn(s)}, who="aoki"),
    "POST /telework/plans/{plan_id}/report": lambda s: Good(
        {"plan_id": approved(s)}, body={"text": "資料を作成"}, who="aoki"
    ),
    "GET /telework/caps": lambda _s: Good(),
    "GET /telework/rules": lambda _s: Good(),
    "POST /telework/rules": lambda _s: Good(
        body={"from": "2026-12-01", "week": 4, "fiscal_year": 20, "deadline_days": 1, "deadline_at": "17:00"},
        who="jinji",
    ),
    "DELETE /telework/rules/{rule_id}": lambda s: Good({"rule_id": s.rule}, who="jinji"),
    "GET /telework/breaches": lambda _s: Good(who="jinji"),
    "GET /telework/deputies": lambda _s: Good(who="chiba"),
    "POST /telework/deputies": lambda s: Good(body={"deputy_id": s.house.people["baba"].id}, who="chiba"),
    "DELETE /telework/deputies/{deputy_id}": lambda s: Good({"deputy_id": s.deputy}, who="chiba"),
    "GET /telework/days": lambda _s: Good(query=DAYS),
    "POST /telework/days/{half_day_id}/correct": lambda s: Good(
        {"half_day_id": written(s)}, body={"class": "office", "why": "x"}
    ),
    "GET /telework/months": lambda _s: Good(),
    "GET /telework/months/{month}": lambda _s: Good({"month": "2026-11"}),
    "POST /telework/months/{month}/close": lambda s: Good({"month": over(s, date(2026, 10, 1))}),
    "GET /telework/months/{month}/export": lambda s: Good({"month": frozen(s, date(2026, 8, 1))}),
    "POST /telework/months/{month}/reopen": lambda s: Good(
        {"month": frozen(s, date(2026, 9, 1))}, body={"why": "x"}
    ),
    "GET /telework/export-mapping": lambda _s: Good(),
    "PUT /telework/export-mapping": lambda _s: Good(body=DEFAULT.as_stored()),
    "GET /reports/{name}": lambda _s: Good({"name": "telework_monthly"}, query=DAYS),
    "POST /rotations": lambda s: Good(body=rotation_body(s), who="chiba"),
    "GET /rotations": lambda s: Good(query={"section": soumu(s)}, who="chiba"),
    "GET /rotations/{rotation_id}": lambda s: Good({"rotation_id": months.planned(s.house)}, who="chiba"),
    "POST /rotations/{rotation_id}/cancel": lambda s: Good(
        {"rotation_id": months.planned(s.house, to="wait")}, who="chiba"
    ),
    "POST /rotations/{rotation_id}/publish": lambda s: Good(
        {"rotation_id": months.planned(s.house)}, who="chiba"
    ),
    "POST /rotations/{rotation_id}/withdraw": lambda s: Good(
        {"rotation_id": months.planned(s.house, to="publish")}, who="chiba"
    ),
    "GET /rotations/{rotation_id}/swaps": lambda s: Good(
        {"rotation_id": months.planned(s.house)},
        {"user_id": s.house.people["aoki"].id, "on": months.FIRST.isoformat()},
        who="chiba",
    ),
    "POST /rotations/{rotation_id}/swaps": lambda s: Good(*months.to_swap(s.house), who="chiba"),
    "GET /rotations/swaps": lambda _s: Good(),
    "POST /rotations/swaps/{swap_id}/accept": lambda s: Good({"swap_id": months.swap(s.house)}, who="baba"),
    "POST /rotations/swaps/{swap_id}/decline": lambda s: Good({"swap_id": months.swap(s.house)}, who="baba"),
    "PUT /rotations/locks": lambda s: Good(
        body={
            "section": soumu(s),
            "user_id": s.house.people["aoki"].id,
            "on": months.FIRST.isoformat(),
            "half": "am",
            "kind": "home",
        },
        who="chiba",
    ),
    "GET /rotations/what-if": lambda s: Good(query=section_week(s), who="chiba"),
    "GET /sections/{section_id}/rotation-setting": lambda s: Good({"section_id": soumu(s)}, who="chiba"),
    "PUT /sections/{section_id}/rotation-setting": lambda s: Good(
        {"section_id": soumu(s)}, body={"covers": [{"name": "窓口", "least": 1}]}, who="chiba"
    ),
    "GET /zones/{zone_id}/lots": lambda s: Good({"zone_id": s.zone}),
    "PUT /zones/{zone_id}/lots": lambda s: Good({"zone_id": s.zone}, body={"at": None}),
    "GET /lots": lambda _s: Good(),
    "GET /lots/{draw_id}": lambda s: Good({"draw_id": s.drawn}),
    "GET /lots/{draw_id}/record": lambda s: Good({"draw_id": s.drawn}),
    "GET /lots/{draw_id}/check": lambda s: Good({"draw_id": s.drawn}),
    "PUT /lots/{draw_id}/wish": lambda s: Good({"draw_id": s.to_draw}, body={}, who="endo"),
    "GET /lots/{draw_id}/wish": lambda s: Good({"draw_id": s.to_draw}, who="endo"),
    "DELETE /lots/{draw_id}/wish": lambda s: Good({"draw_id": s.to_draw}, who="endo"),
    "GET /messages": lambda _s: Good(who="aoki"),
    "POST /messages/{message_id}/read": lambda s: Good({"message_id": s.message}, who="aoki"),
    "GET /me/notifications": lambda _s: Good(),
    "PUT /me/notifications": lambda _s: Good(body=CHOICES),
    "GET /webhooks": lambda _s: Good(),
    "POST /webhooks": lambda _s: Good(body={"url": "http://127.0.0.1:9/x", "kinds": ["space.*"]}),
    "POST /webhooks/{webhook_id}/enable": lambda s: Good({"webhook_id": s.webhook}),
    "POST /webhooks/{webhook_id}/secret": lambda s: Good({"webhook_id": s.webhook}),
    "DELETE /webhooks/{webhook_id}": lambda s: Good({"webhook_id": s.webhook}),
}


def written(seeds: Seeds, half: Half = Half.AM) -> int:
    """A half-day of the facility's own."""
    with transaction(seeds.house.engine) as session:
        row = unknown_yesterday(seeds.house.people["fujii"].id, half)
        session.add(row)
        session.flush()
        return row.id


def over(seeds: Seeds, first: date) -> str:
    """A month whose days have all been closed."""
    with transaction(seeds.house.engine) as session:
        session.add_all(
            ClosedDay(on_date=first + timedelta(days=n), closed_at=at("04:00"))
            for n in range((Month.of(first).last - first).days + 1)
        )
    return str(Month.of(first))


def frozen(seeds: Seeds, first: date) -> str:
    """A month that is closed."""
    with transaction(seeds.house.engine) as session:
        session.add(ClosedMonth(first_on=first, last_on=Month.of(first).last, closed_at=at("04:00")))
    return str(Month.of(first))


def spare(seeds: Seeds) -> int:
    """A booking of the facility's own that nobody minds."""
    return seeds.house.book("fujii", "window", "09:00", "10:00", day=5).id


def asked(seeds: Seeds, day: int) -> int:
    """A morning that aoki asks for at home."""
    with transaction(seeds.house.engine) as session:
        return put_plan(
            session,
            actor=seeds.house.people["aoki"],
            on=DAY + timedelta(days=day),
            half=Half.AM,
            kind=PlanKind.HOME,
            now=at("09:00"),
        ).id


def needless(seeds: Seeds) -> int:
    """A booking of aoki's for a morning at home."""
    asked(seeds, 9)
    return seeds.house.book("aoki", "window", "09:00", "10:00", day=9).id


def approved(seeds: Seeds) -> int:
    """Today's morning of aoki, approved at home."""
    plan_id = asked(seeds, 0)
    with transaction(seeds.house.engine) as session:
        approve_plan(session, plan_id, actor=seeds.house.people["chiba"], now=at("09:00"))
    return plan_id


def withdrawn(seeds: Seeds) -> int:
    """A request that aoki has just taken back."""
    plan_id = asked(seeds, 10)
    with transaction(seeds.house.engine) as session:
        withdraw(session, plan_id, actor=seeds.house.people["aoki"], now=at("09:00"))
    return plan_id


def soumu(seeds: Seeds) -> int:
    return section_id(seeds.house, "soumu")


def section_week(seeds: Seeds) -> dict[str, Any]:
    return {"section": soumu(seeds), "from": months.FIRST.isoformat(), "to": months.LAST.isoformat()}


def rotation_body(seeds: Seeds) -> dict[str, Any]:
    months.end_searches(seeds.house)
    return section_week(seeds) | {"seconds": 5}


def empty_zone(seeds: Seeds) -> int:
    with transaction(seeds.house.engine) as session:
        zone = Zone(floor_id=seeds.house.floor_id, code="empty", name="空")
        session.add(zone)
        session.flush()
        return zone.id


def spare_sensor(seeds: Seeds) -> str:
    with transaction(seeds.house.engine) as session:
        session.add(Sensor(id="in-the-drawer"))
    return "in-the-drawer"


def offered(seeds: Seeds, day: int) -> int:
    """A booth of a day that is offered to somebody."""
    with transaction(seeds.house.engine) as session:
        wish = Wish(Target(Lane.ROOM, Kind.BOOTH), house_span("09:00", "10:00", day=day))
        chiba = seeds.house.people["chiba"]
        entry = pipeline.wait(session, wish, actor=chiba, now=at("18:00"), office=OFFICE)
        return entry.id


def released(seeds: Seeds) -> int:
    """A booking of the facility's own that nobody came to, still within its time."""
    house = seeds.house
    booking = house.book("fujii", "taxes", "07:30", "12:00", now="07:00")
    house.hear_beats("taxes", "07:00", "08:50", occupied=False)
    house.sweep("08:55")
    return booking.id
