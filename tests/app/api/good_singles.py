"""The good requests of what shows one thing that a list shows too, where its version is read; of outages, sections,
series and a leaver's webhook."""

from __future__ import annotations

from collections.abc import Callable

from app.database import transaction
from app.notifications.models import Webhook
from app.people.models import User
from app.spaces import barriers
from app.telework.rules import Half
from tests.app.api.good import Good, Seeds, section_week, soumu, written
from tests.house import at

SINGLES: dict[str, Callable[[Seeds], Good]] = {
    "GET /zones/{zone_id}": lambda s: Good({"zone_id": s.zone}),
    "GET /sites/{site_id}": lambda s: Good({"site_id": s.site}),
    "GET /sensors/{sensor_id}": lambda _s: Good({"sensor_id": "sensor-seat"}),
    "GET /policies/{kind}": lambda s: Good({"kind": "booth"}, {"zone": s.zone}),
    "GET /closures/{closure_id}": lambda s: Good({"closure_id": s.closure}),
    "GET /outages": lambda _s: Good(),
    "GET /outages/{outage_id}": lambda s: Good({"outage_id": planned_outage(s)}),
    "DELETE /outages/{outage_id}": lambda s: Good({"outage_id": planned_outage(s)}),
    "GET /fixed-seats/{fixed_id}": lambda s: Good({"fixed_id": s.fixed}),
    "GET /telework/plans/{plan_id}": lambda s: Good({"plan_id": s.plan}, who="chiba"),
    "GET /telework/rules/{rule_id}": lambda s: Good({"rule_id": s.rule}),
    "GET /telework/deputies/{deputy_id}": lambda s: Good({"deputy_id": s.deputy}, who="chiba"),
    "GET /telework/days/{half_day_id}": lambda s: Good({"half_day_id": written(s, Half.PM)}),
    "GET /rotations/locks": lambda s: Good(query=section_week(s), who="chiba"),
    "GET /webhooks/{webhook_id}": lambda s: Good({"webhook_id": s.webhook}),
    "POST /webhooks/{webhook_id}/take-over": lambda s: Good({"webhook_id": left_behind(s)}),
    "GET /series": lambda _s: Good(who="aoki"),
    "GET /sections/{section_id}": lambda s: Good({"section_id": soumu(s)}),
    "POST /sections": lambda s: Good(body={"code": "shomu", "name": "庶務係", "parent_id": soumu(s)}),
    "PATCH /sections/{section_id}": lambda s: Good(
        {"section_id": soumu(s)}, body={"name": "総務企画課"}, version=True
    ),
}


def planned_outage(seeds: Seeds) -> int:
    """A space is to be out of order on a day far off."""
    with transaction(seeds.house.engine) as session:
        return barriers.add_outage(
            session,
            seeds.house.spaces["bare"],
            start=at("09:00", day=60),
            end=at("18:00", day=60),
            reason="",
            actor_id=None,
            now=at("08:00"),
        ).id


def left_behind(seeds: Seeds) -> int:
    """A webhook whose maker has left."""
    with transaction(seeds.house.engine) as session:
        maker = User(email="left@example.jp", name="left", left_at=at("08:00"))
        session.add(maker)
        session.flush()
        made = Webhook(
            url="http://127.0.0.1:9/l", secret="x", kinds=["space.*"], made_at=at("07:00"), made_by=maker.id
        )
        session.add(made)
        session.flush()
        return made.id
