"""Runs the migrations, in one transaction each, on the database that `app.migrate` names."""

from alembic import context

from app import models
from app.database import WRITER, create_engine

engine = create_engine(context.config.attributes["url"]).execution_options(**{WRITER: True})
try:
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=models.metadata,
            transaction_per_migration=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
finally:
    engine.dispose()
