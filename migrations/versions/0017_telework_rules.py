"""Telework by rules: kinds of employment, states and parts of plans, rules with dates of effect, deputies."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ENUM = sa.String(24)
# What is known of when a plan was asked for: not after it was approved, nor after its day began.
ASKED = {
    "postgresql": "coalesce(approved_at, on_date::timestamp AT TIME ZONE 'UTC')",
    "sqlite": "coalesce(approved_at, on_date || ' 00:00:00.000000')",
}


def upgrade() -> None:
    op.add_column("users", sa.Column("employment", ENUM, nullable=False, server_default="regular"))
    for column in (
        sa.Column("state", ENUM, nullable=False, server_default="requested"),
        sa.Column("starts", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("requested_at", INSTANT, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", BIG_ID, nullable=True),
        sa.Column("reason", sa.String(200), nullable=False, server_default=""),
        sa.Column("report", sa.String(500), nullable=False, server_default=""),
    ):
        op.add_column("telework_plans", column)
    asked = ASKED[op.get_bind().dialect.name]
    op.execute(
        f"UPDATE telework_plans SET requested_at = {asked}, decided_at = approved_at, decided_by = approved_by,"
        " state = CASE WHEN approved_at IS NULL THEN 'requested' ELSE 'approved' END"
    )
    # No trigger stands on this table, which SQLite's copy of it would lose.
    with op.batch_alter_table("telework_plans") as batch:
        batch.alter_column("requested_at", existing_type=INSTANT, nullable=False)
        batch.create_foreign_key("fk_telework_plans_decided_by", "users", ["decided_by"], ["id"])
        batch.create_check_constraint(
            op.f("ck_telework_plans_approved"), "(state = 'approved') = (approved_at IS NOT NULL)"
        )
        batch.create_check_constraint(
            op.f("ck_telework_plans_part"),
            "(starts IS NULL) = (ends IS NULL) AND (starts IS NULL OR starts < ends)",
        )
    op.create_index("ix_telework_plans_state_on_date", "telework_plans", ["state", "on_date"])
    op.create_table(
        "telework_rules",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("section_id", BIG_ID, nullable=True),
        sa.Column("employment", ENUM, nullable=True),
        sa.Column("unit", ENUM, nullable=False),
        sa.Column("week", sa.Integer(), nullable=True),
        sa.Column("month", sa.Integer(), nullable=True),
        sa.Column("fiscal_year", sa.Integer(), nullable=True),
        sa.Column("in_a_row", sa.Integer(), nullable=True),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("terminals", sa.Integer(), nullable=True),
        sa.Column("deadline_days", sa.Integer(), nullable=True),
        sa.Column("deadline_at", sa.Time(), nullable=False),
        sa.Column("over_cap", ENUM, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.CheckConstraint("until_on IS NULL OR from_on <= until_on", name="ck_telework_rules_dates"),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_telework_rules_section_id"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_telework_rules_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_telework_rules"),
    )
    op.create_index("ix_telework_rules_from_on", "telework_rules", ["from_on"])
    op.create_table(
        "telework_deputies",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("chief_id", BIG_ID, nullable=False),
        sa.Column("deputy_id", BIG_ID, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("when_away", sa.Boolean(), nullable=False),
        sa.CheckConstraint("until_on IS NULL OR from_on <= until_on", name="ck_telework_deputies_dates"),
        sa.CheckConstraint("chief_id <> deputy_id", name="ck_telework_deputies_two_people"),
        sa.ForeignKeyConstraint(["chief_id"], ["users.id"], name="fk_telework_deputies_chief_id"),
        sa.ForeignKeyConstraint(["deputy_id"], ["users.id"], name="fk_telework_deputies_deputy_id"),
        sa.PrimaryKeyConstraint("id", name="pk_telework_deputies"),
    )
    op.create_index("ix_telework_deputies_chief_id", "telework_deputies", ["chief_id"])
    op.create_index("ix_telework_deputies_deputy_id", "telework_deputies", ["deputy_id"])


def downgrade() -> None:
    op.drop_table("telework_deputies")
    op.drop_table("telework_rules")
    # Of plans that do not stand, the schema before knows nothing.
    op.execute("DELETE FROM telework_plans WHERE state NOT IN ('requested', 'approved')")
    op.drop_index("ix_telework_plans_state_on_date", "telework_plans")
    with op.batch_alter_table("telework_plans") as batch:
        batch.drop_constraint(op.f("ck_telework_plans_approved"), type_="check")
        batch.drop_constraint(op.f("ck_telework_plans_part"), type_="check")
        batch.drop_constraint("fk_telework_plans_decided_by", type_="foreignkey")
        for column in (
            "state",
            "starts",
            "ends",
            "requested_at",
            "decided_at",
            "decided_by",
            "reason",
            "report",
        ):
            batch.drop_column(column)
    op.drop_column("users", "employment")
