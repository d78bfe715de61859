"""A kiosk stays signed in for as long as a browser lets it; its account ends that at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from freezegun import freeze_time
from sqlalchemy import update

from app.database import transaction
from app.people.models import Role, User
from tests.app.people.test_signing_in import Browser, give_password, open_door
from tests.house import House

__all__ = ["open_door"]


def test_a_kiosk_stays_signed_in_over_nights_and_holidays_and_people_do_not(
    open_door: Callable[[], Browser], house: House
) -> None:
    give_password(house, "endo", Role.KIOSK)
    person, kiosk = open_door(), open_door()
    with freeze_time("2026-11-24 08:15:00") as frozen:
        person.sign_in()
        kiosk.sign_in(email="endo@example.jp")
        frozen.tick(timedelta(hours=11, minutes=59))
        assert person.is_in()
        frozen.tick(timedelta(minutes=2))
        assert not person.is_in()
        frozen.tick(timedelta(days=380))
        assert kiosk.client.get("/kiosk").status_code == 200
        # Whatever it was used for begins its time anew.
        kiosk.post("/kiosk", page="/kiosk", card="none")
        frozen.tick(timedelta(days=380))
        assert kiosk.client.get("/kiosk").status_code == 200
        frozen.tick(timedelta(days=21))
        assert kiosk.client.get("/kiosk").status_code == 302


@pytest.mark.parametrize("end", [{"session_epoch": 7}, {"role": Role.STAFF}])
def test_a_kiosks_session_ends_with_its_account_or_its_role(
    open_door: Callable[[], Browser], house: House, end: dict[str, object]
) -> None:
    give_password(house, "endo", Role.KIOSK)
    kiosk = open_door()
    kiosk.sign_in(email="endo@example.jp")
    assert kiosk.client.get("/kiosk").status_code == 200
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people["endo"].id).values(**end))
    assert kiosk.client.get("/kiosk").status_code == 302
    assert not kiosk.is_in()
