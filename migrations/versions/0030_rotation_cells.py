"""What a rotation wrote is told from what stood already, and what stood before it is kept."""

import sqlalchemy as sa
from alembic import op

from app.orm import Document

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("rotation_cells", sa.Column("wrote_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rotation_cells", sa.Column("before", Document, nullable=True))
    # Of what is published by now a rotation of the section wrote what was approved at the instant of a publication.
    op.execute(
        """
        UPDATE rotation_cells SET wrote_at = (
            SELECT telework_plans.approved_at FROM telework_plans
            WHERE telework_plans.user_id = rotation_cells.user_id
            AND telework_plans.on_date = rotation_cells.on_date
            AND telework_plans.half = rotation_cells.half
            AND EXISTS (
                SELECT 1 FROM rotations AS own JOIN rotations AS wrote ON wrote.section_id = own.section_id
                WHERE own.id = rotation_cells.rotation_id
                AND own.state = 'published'
                AND wrote.published_at = telework_plans.approved_at
            )
        )
        """
    )


def downgrade() -> None:
    op.drop_column("rotation_cells", "before")
    op.drop_column("rotation_cells", "wrote_at")
