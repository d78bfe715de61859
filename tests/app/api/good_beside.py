"""The good requests of what somebody does at a desk, at a kiosk and with the own account."""

from __future__ import annotations

from collections.abc import Callable

from app.database import reading, transaction
from app.people import cards
from app.spaces.models import Space
from tests.app.api.good import Good, Seeds, soumu
from tests.house import at

BESIDE: dict[str, Callable[[Seeds], Good]] = {
    "GET /presence": lambda s: Good(query={"section": soumu(s)}, who="chiba"),
    "GET /bookings/invitations": lambda _s: Good(),
    "GET /desks/{code}": lambda s: Good({"code": desk_code(s, "seat")}),
    "POST /kiosk/card": lambda s: Good(body={"card": card_of(s, "aoki")}),
    "POST /kiosk/check-in": lambda s: Good(
        body={
            "card": card_of(s, "aoki"),
            "booking_id": s.house.book("aoki", "bare", "09:00", "09:30").id,
        }
    ),
    "POST /kiosk/sit": lambda s: Good(body={"card": card_of(s, "endo"), "desk": desk_code(s, "window")}),
    "GET /me/card": lambda _s: Good(),
    "PUT /me/card": lambda _s: Good(body={"card": "FUJII001"}),
    "DELETE /me/card": lambda _s: Good(),
    "GET /me/calendar": lambda _s: Good(),
    "POST /me/calendar/renew": lambda _s: Good(),
    "DELETE /people/{user_id}/identity": lambda s: Good({"user_id": s.newcomer}),
}


def desk_code(seeds: Seeds, where: str) -> str:
    with reading(seeds.house.engine) as session:
        return session.get_one(Space, seeds.house.spaces[where]).desk_code


def card_of(seeds: Seeds, who: str) -> str:
    """Somebody has a card."""
    number = f"{who}0001"
    with transaction(seeds.house.engine) as session:
        person = seeds.house.people[who]
        cards.set_card(session, person, number, secret_key="k" * 32, actor_id=person.id, now=at("08:00"))
    return number
