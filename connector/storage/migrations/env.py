"""Alembic's entry: runs on the connection that the caller has opened."""

from alembic import context

from connector.storage.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
