"""Alembic's entry: runs the migrations on the connection storage.migrate gives, inside its transaction."""

from alembic import context

from storage.base import Base
from storage.migrate import is_ours

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_object=is_ours,
    compare_server_default=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
