"""How alembic runs the ledger's migrations: on the connection (so in the transaction) that ``migrate`` hands over.

Read: the versions beside it. Written: the schema ``tillbridge``.
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema="tillbridge", transactional_ddl=False)
context.run_migrations()
