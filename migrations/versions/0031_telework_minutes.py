"""The day log stores the minutes of telework (RULES 16), and the figures of erased years their sums."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

# Of a plan for a part of a half-day; what was planned as a whole stays NULL, which is all of the half-day.
MINUTES = {
    "postgresql": "CAST(extract(epoch FROM plan.ends - plan.starts) / 60 AS integer)",
    "sqlite": (
        "(strftime('%H', plan.ends) - strftime('%H', plan.starts)) * 60"
        " + strftime('%M', plan.ends) - strftime('%M', plan.starts)"
    ),
}
OF_HALF_DAY = (
    "FROM telework_plans AS plan WHERE plan.user_id = half_days.user_id AND plan.on_date = half_days.on_date"
    " AND plan.half = half_days.half AND plan.approved_at IS NOT NULL AND plan.kind IN ('home', 'satellite')"
    " AND plan.starts IS NOT NULL"
)


def upgrade() -> None:
    # ADD COLUMN, not a batch: that would copy the table and drop triggers on SQLite.
    op.add_column("half_days", sa.Column("telework_minutes", sa.Integer(), nullable=True))
    op.add_column("half_day_figures", sa.Column("telework_minutes", sa.Integer(), nullable=True))
    # What a closed month was exported with stays: its half-days are frozen.
    op.execute(
        f"UPDATE half_days SET telework_minutes = (SELECT {MINUTES[op.get_bind().dialect.name]} {OF_HALF_DAY})"
        f" WHERE day_class <> 'closed' AND EXISTS (SELECT 1 {OF_HALF_DAY})"
        " AND NOT EXISTS (SELECT 1 FROM closed_months WHERE half_days.on_date BETWEEN first_on AND last_on)"
    )


def downgrade() -> None:
    op.drop_column("half_day_figures", "telework_minutes")
    op.drop_column("half_days", "telework_minutes")
