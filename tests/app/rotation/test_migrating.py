"""Of what is published by now it is known what a rotation wrote; on both databases."""

from __future__ import annotations

from sqlalchemy import select, text

from app import migrate
from app.database import create_engine, transaction
from app.rotation.models import RotationCell


def instant(hour: int) -> str:
    return f"2026-11-24 {hour:02}:00:00.000000"


ROWS: dict[str, list[tuple[object, ...]]] = {
    "users (id, email, name, kana, extension, role, locale, password_hash)": [
        (1, "a", "a", "", "", "staff", "", "")
    ],
    "sections (id, code, name, name_en)": [(1, "a", "a", "")],
    "rotations (id, section_id, first_on, last_on, state, problem, seconds, seed, attempts, cancel_asked, made_at,"
    " plan, published_at)": [
        (
            number,
            1,
            "2026-11-30",
            "2026-12-04",
            state,
            "{}",
            1,
            1,
            1,
            False,
            instant(0),
            "{}",
            instant(number),
        )
        for number, state in ((1, "replaced"), (2, "published"))
    ],
    "telework_plans (id, user_id, on_date, half, kind, state, requested_at, approved_at, reason, report)": [
        (1, 1, "2026-11-30", "am", "office", "approved", instant(1), instant(1), "", ""),
        (2, 1, "2026-11-30", "pm", "office", "approved", instant(2), instant(2), "", ""),
        (3, 1, "2026-12-01", "am", "home", "approved", instant(0), instant(0), "", ""),
        (4, 1, "2026-12-01", "pm", "home", "requested", instant(0), None, "", ""),
    ],
    "rotation_cells (id, rotation_id, user_id, on_date, half, kind)": [
        (1, 2, 1, "2026-11-30", "am", "office"),
        (2, 2, 1, "2026-11-30", "pm", "office"),
        (3, 2, 1, "2026-12-01", "am", "home"),
        (4, 2, 1, "2026-12-01", "pm", "home"),
    ],
}


def said(value: object) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value).upper()


def test_what_was_approved_as_a_rotation_was_published_is_its_writing_and_the_rest_is_by_hand(
    database_url: str,
) -> None:
    migrate.downgrade(database_url, "0024")
    engine = create_engine(database_url)
    with transaction(engine) as session:
        for table, rows in ROWS.items():
            values = ", ".join(f"({', '.join(map(said, row))})" for row in rows)
            session.execute(text(f"INSERT INTO {table} VALUES {values}"))  # noqa: S608 - all of it stands above
    engine.dispose()
    migrate.upgrade(database_url)
    with transaction(engine) as session:
        cells = session.scalars(select(RotationCell).order_by(RotationCell.id))
        hours = [one.wrote_at.hour if one.wrote_at else None for one in cells]
    engine.dispose()
    assert hours == [1, 2, None, None]
