"""Plans and the day log of before keep their meaning, up and down; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from app import migrate
from app.database import create_engine, transaction
from app.telework.guards import missing
from app.telework.models import TeleworkPlan
from app.telework.rules import PlanState

USER = (
    "INSERT INTO users (id, email, name, kana, extension, role, locale, password_hash)"
    " VALUES (1, 'a', 'a', '', '', 'staff', '', '')"
)
PLANS = (
    "INSERT INTO telework_plans (id, user_id, on_date, half, kind, approved_at, approved_by) VALUES"
    " (1, 1, '2026-11-25', 'am', 'home', NULL, NULL),"
    " (2, 1, '2026-11-25', 'pm', 'home', '2026-11-24 01:00:00.000000', 1)"
)


def test_plans_of_before_are_requested_or_approved_and_go_back_as_they_were(database_url: str) -> None:
    migrate.downgrade(database_url, "0016")
    engine = create_engine(database_url)
    with transaction(engine) as session:
        session.execute(text(USER))
        session.execute(text(PLANS))
        before = session.execute(text("SELECT * FROM telework_plans ORDER BY id")).all()
    engine.dispose()
    migrate.upgrade(database_url)
    with transaction(engine) as session:
        waits, approved = (session.get_one(TeleworkPlan, one) for one in (1, 2))
        assert (waits.state, waits.decided_at, waits.reason, waits.report) == (
            PlanState.REQUESTED,
            None,
            "",
            "",
        )
        assert waits.requested_at == datetime(2026, 11, 25, tzinfo=UTC)
        assert (approved.state, approved.decided_by) == (PlanState.APPROVED, 1)
        assert approved.requested_at == approved.decided_at == approved.approved_at
        gone = TeleworkPlan(
            id=3,
            user_id=1,
            on_date=waits.on_date.replace(day=26),
            half=waits.half,
            kind=waits.kind,
            state=PlanState.WITHDRAWN,
            requested_at=waits.requested_at,
        )
        session.add(gone)
    engine.dispose()
    migrate.downgrade(database_url, "0016")
    with transaction(engine) as session:
        after = session.execute(text("SELECT * FROM telework_plans ORDER BY id")).all()
    assert [tuple(map(str, row)) for row in after] == [tuple(map(str, row)) for row in before]
    engine.dispose()


HALF_DAYS = (
    "INSERT INTO half_days (id, user_id, on_date, half, day_class, reason, conflict, evidence, classified_at) VALUES"
    " (1, 1, '2026-10-06', 'am', 'telework', '', FALSE, '{}', '2026-11-24 01:00:00.000000'),"
    " (2, 1, '2026-11-24', 'am', 'telework', '', FALSE, '{}', '2026-11-24 01:00:00.000000'),"
    " (3, 1, '2026-11-24', 'pm', 'telework', '', FALSE, '{}', '2026-11-24 01:00:00.000000'),"
    " (4, 1, '2026-11-25', 'am', 'unknown', '', FALSE, '{}', '2026-11-24 01:00:00.000000'),"
    " (5, 1, '2026-11-25', 'pm', 'office', '', FALSE, '{}', '2026-11-24 01:00:00.000000')"
)
PARTS = (
    "INSERT INTO telework_plans"
    " (user_id, on_date, half, kind, state, starts, ends, requested_at, approved_at, reason, report) VALUES"
    " (1, '2026-10-06', 'am', 'home', 'approved', '08:30:00.000000', '10:30:00.000000', {at}, {at}, '', ''),"
    " (1, '2026-11-24', 'am', 'satellite', 'approved', '08:30:00.000000', '10:45:00.000000', {at}, {at}, '', ''),"
    " (1, '2026-11-24', 'pm', 'home', 'approved', NULL, NULL, {at}, {at}, '', ''),"
    " (1, '2026-11-25', 'am', 'home', 'approved', '08:30:00.000000', '09:30:00.000000', {at}, {at}, '', ''),"
    " (1, '2026-11-25', 'pm', 'home', 'requested', '13:00:00.000000', '14:00:00.000000', {at}, NULL, '', '')"
)
CLOSED = (
    "INSERT INTO closed_months (id, first_on, last_on, closed_at)"
    " VALUES (1, '2026-10-01', '2026-10-31', '2026-11-24 01:00:00.000000')"
)


def test_minutes_are_filled_in_of_parts_but_not_in_a_closed_month(database_url: str) -> None:
    migrate.downgrade(database_url, "0024")
    engine = create_engine(database_url)
    with transaction(engine) as session:
        for statement in (
            USER,
            HALF_DAYS,
            PARTS.format(at="'2026-10-01 01:00:00.000000'"),
            CLOSED,
        ):
            session.execute(text(statement))
    engine.dispose()
    migrate.upgrade(database_url)
    with transaction(engine) as session:
        found = session.execute(text("SELECT telework_minutes FROM half_days ORDER BY id")).scalars().all()
        assert found == [None, 135, None, 60, None]
        assert missing(session) == []
    engine.dispose()
    migrate.downgrade(database_url, "0024")
    with transaction(engine) as session:
        assert missing(session) == []
    engine.dispose()
