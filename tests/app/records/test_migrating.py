"""What was erased before loses what was overlooked then; on both databases."""

from __future__ import annotations

from sqlalchemy import select

from app import events, migrate
from app.database import create_engine, transaction
from app.events import Event
from tests.house import at


def test_a_sign_in_that_was_erased_before_loses_its_digest_too(database_url: str) -> None:
    migrate.downgrade(database_url, "0033")
    engine = create_engine(database_url)
    with transaction(engine) as session:
        for subject, erased in (("sign_in:0123", True), ("sign_in:4567", False), ("booking:17", True)):
            session.add(Event(at=at("09:00"), kind="x", subject=subject, data={}, erased=erased))
    engine.dispose()
    migrate.upgrade(database_url)
    with transaction(engine) as session:
        found = session.scalars(select(Event.subject).order_by(Event.id)).all()
        assert found == ["sign_in", "sign_in:4567", "booking:17"]
        assert events.missing_guards(session) == []
    engine.dispose()
    migrate.downgrade(database_url, "0033")
