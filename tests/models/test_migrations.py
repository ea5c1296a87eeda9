"""The schema: from nothing to the newest and back, the same on both databases, and the same as the models say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from config.settings import Settings
from jobs.db import MIGRATIONS, Database, alembic_config, migrate, open_database, pending_migrations
from jobs.models import Base


@pytest.fixture
def empty(settings_on_each_database: Settings) -> Iterator[Database]:
    database = open_database(settings_on_each_database)
    yield database
    database.close()


@pytest.fixture
def alembic(settings_on_each_database: Settings) -> Config:
    config: Config = alembic_config(settings_on_each_database.database_url)
    return config


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def differences(database: Database) -> list[object]:
    """What `alembic check` would say: types and server defaults included."""
    options = {"compare_type": True, "compare_server_default": True}
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))


def test_an_empty_database_becomes_what_the_models_say(empty: Database, settings_on_each_database: Settings) -> None:
    assert pending_migrations(empty)
    migrate(settings_on_each_database)
    assert pending_migrations(empty) == []
    assert tables(empty) == set(Base.metadata.tables)
    assert differences(empty) == []
    migrate(settings_on_each_database)  # again: nothing left to do
    assert differences(empty) == []


def test_every_index_and_constraint_is_there_under_its_name(empty: Database, alembic: Config) -> None:
    command.upgrade(alembic, "head")
    inspector = inspect(empty.engine)
    for table in Base.metadata.sorted_tables:
        indexes = {index["name"]: bool(index["unique"]) for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            assert indexes.get(str(index.name)) is index.unique, f"{table.name}.{index.name}"
        keys = {key["name"] for key in inspector.get_foreign_keys(table.name)}
        assert {str(key.name) for key in table.foreign_key_constraints} == keys


def test_each_step_can_be_taken_back_and_all_of_them(empty: Database, alembic: Config) -> None:
    steps = list(revisions().walk_revisions())
    for step in reversed(steps):
        command.upgrade(alembic, step.revision)
        command.downgrade(alembic, "-1")
        command.upgrade(alembic, step.revision)
    command.downgrade(alembic, "base")
    assert tables(empty) == set()
    assert len(pending_migrations(empty)) == len(steps)
    command.upgrade(alembic, "head")
    assert differences(empty) == []


def revisions() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def test_the_steps_are_one_line(tmp_path: Path) -> None:
    assert len(revisions().get_heads()) == 1
    assert all(
        step.down_revision is None or isinstance(step.down_revision, str) for step in revisions().walk_revisions()
    )


def test_a_password_with_a_percent_sign_reaches_the_database_whole(tmp_path: Path) -> None:
    """The URL is not passed through the ini file, where `%` has a meaning."""
    url = f"sqlite:///{tmp_path / '100%(name)s.sqlite3'}"
    command.upgrade(alembic_config(url), "head")
    assert [path.name for path in tmp_path.glob("*.sqlite3")] == ["100%(name)s.sqlite3"]
