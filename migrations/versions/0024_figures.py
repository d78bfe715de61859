"""The figures of erased years keep what reports tell: the form of telework, who was eligible, the ministry's sheet."""

import sqlalchemy as sa
from alembic import op

from app.orm import Document

revision = "0024"
down_revision = "0023"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # What was counted before this knows no form; where no rule says otherwise, everybody is eligible.
    op.add_column("half_day_figures", sa.Column("form", sa.String(24), nullable=True))
    op.add_column(
        "half_day_figures", sa.Column("eligible", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.create_table(
        "sheet_figures",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("section_id", BIG_ID, nullable=True),
        sa.Column("staff", sa.Integer(), nullable=False),
        sa.Column("eligible", sa.Integer(), nullable=False),
        sa.Column("users", sa.Integer(), nullable=False),
        sa.Column("people", Document, nullable=False),
        sa.Column("half_days", Document, nullable=False),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_sheet_figures_section_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sheet_figures"),
        sa.UniqueConstraint("as_of", "section_id", name="uq_sheet_figures_as_of_section_id"),
    )


def downgrade() -> None:
    op.drop_table("sheet_figures")
    op.drop_column("half_day_figures", "eligible")
    op.drop_column("half_day_figures", "form")
