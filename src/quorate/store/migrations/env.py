"""What Alembic runs to migrate: on the connection, and in the transaction, it was given."""

from alembic import context


def run() -> None:
    """Run the migrations on the connection in the attributes of the configuration."""
    context.configure(
        connection=context.config.attributes["connection"],
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic loads this file
    run()
