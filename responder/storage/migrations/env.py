"""How Alembic runs the steps: inside the caller's transaction, so that all are taken or none."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
