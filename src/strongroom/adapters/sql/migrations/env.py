"""Alembic's entry: migrates over the connection, and in the transaction, that `adapters.sql.migrate` opened."""

from alembic import context

from strongroom.adapters.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # on SQLite too: the connection began its transaction itself
    compare_type=True,
    compare_server_default=True,
    render_as_batch=True,
)
context.run_migrations()
