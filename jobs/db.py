"""The database: one `Database` per process, short read and write transactions, migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Engine, Executable, Table, Update, bindparam, create_engine, event
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import ClassManager, DeclarativeBase, Session, class_mapper

from config.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


Row = TypeVar("Row", bound=DeclarativeBase)


class Database:
    """Hands out sessions. `read()` never commits; `write()` commits at the end of the block or rolls back."""

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        self.engine = _engine(url, pool_size)
        # SQLite: a transaction that will write takes the write lock at its start. One that takes it midway can be
        # refused without waiting, because another writer moved on since its first read.
        self._writer = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        # Statement by statement, each as the rows stand then, as on PostgreSQL: nothing to begin, nothing to end.
        self._looker = self.engine.execution_options(sqlite_begin="")

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """For single statements on tables: what a panel asks for on every request needs neither ORM nor transaction."""
        with self._looker.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Session]:
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return Database(settings.database_url, pool_size=settings.web_threads + 4)


def migrate(settings: Settings) -> None:
    """Bring the schema to the newest version. Safe to run again, and from several machines one after another."""
    from alembic import command

    command.upgrade(alembic_config(settings.database_url), "head")


def alembic_config(database_url: str) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    # Kept out of the ini options: there a "%" in a password would be read as interpolation.
    config.attributes["database_url"] = database_url
    return config


def pending_migrations(database: Database) -> list[str]:
    """Revisions this code knows and the database has not; empty when it is current."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(MIGRATIONS))
    with database.engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    return [step.revision for step in script.iterate_revisions("head", here or "base") if step.revision != here]


def changed_one(session: Session, statement: Update, values: Mapping[str, Any] | None = None) -> bool:
    """Run a conditional update and tell whether it won: losing is normal."""
    return cast(CursorResult[Any], session.connection().execute(statement, dict(values or {}))).rowcount == 1


def insert_unless_known(session: Session, model: type[DeclarativeBase], values: Mapping[str, Any]) -> bool:
    """Insert, and tell whether that row is new: of two at once, the second waits for the first to commit."""
    insert = _insert_unless_known(session.get_bind().dialect.name, model, tuple(values))
    return session.connection().execute(insert, dict(values)).one_or_none() is not None


@cache
def _insert_unless_known(dialect: str, model: type[DeclarativeBase], columns: tuple[str, ...]) -> Executable:
    table = cast(Table, model.__table__)
    insert = sqlite_insert if dialect == "sqlite" else postgres_insert
    values = {name: bindparam(name, type_=table.c[name].type) for name in columns}
    return insert(table).values(values).on_conflict_do_nothing().returning(*table.primary_key)


def upsert(
    session: Session, model: type[DeclarativeBase], values: Mapping[str, Any], *, key: Sequence[str], add: str = ""
) -> None:
    """Insert, or update the row with the same `key`; the column `add` is added to instead of replaced."""
    dialect = session.get_bind().dialect.name
    session.connection().execute(_upsert(dialect, model, tuple(values), tuple(key), add), values)


@cache
def _upsert(
    dialect: str, model: type[DeclarativeBase], columns: tuple[str, ...], key: tuple[str, ...], add: str
) -> Executable:
    table = cast(Table, model.__table__)
    insert = sqlite_insert if dialect == "sqlite" else postgres_insert
    statement = insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in columns})
    new = statement.excluded
    changed: dict[str, Any] = {name: new[name] for name in columns if name not in key}
    if add:
        changed[add] = table.c[add] + new[add]
    return statement.on_conflict_do_update(index_elements=list(key), set_=changed)


def row_of(model: type[Row], values: Sequence[Any]) -> Row:
    """A row that belongs to no session, from the values of all its columns in their order.

    As the ORM does when it loads one: nothing listens to what was there before.
    """
    row = cast(Row, _manager(model).new_instance())
    vars(row).update(zip(_names(model), values, strict=True))
    return row


@cache
def _manager(model: type[Row]) -> ClassManager[Row]:
    return class_mapper(model).class_manager


def insert_row(session: Session, row: Any) -> None:
    """Insert a row and give it its id: one statement, where the ORM's unit of work costs several times as much."""
    model: type[DeclarativeBase] = type(row)
    values = {name: vars(row)[name] for name in _names(model) if name in vars(row)}
    row.id = session.connection().execute(_insert(model, tuple(values)), values).scalar_one()


def update_row(session: Session, row: Any, *, seen_version: int | None = None) -> bool:
    """Store the columns of a row by its id, if it still has the version it was seen with; False when it has not."""
    model: type[DeclarativeBase] = type(row)
    names = tuple(name for name in _names(model) if name in vars(row) and name != "id")
    values = {f"new_{name}": vars(row)[name] for name in names} | {"seen_id": row.id}
    if seen_version is not None:
        values["seen_version"] = seen_version
    return changed_one(session, _update(model, names, with_version=seen_version is not None), values)


@cache
def _names(model: type[DeclarativeBase]) -> tuple[str, ...]:
    return tuple(column.key for column in model.__table__.columns)


# Each statement is put together once: that costs as much as running it.


@cache
def _insert(model: type[DeclarativeBase], names: tuple[str, ...]) -> Executable:
    table = cast(Table, model.__table__)
    values = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return table.insert().values(values).returning(table.c.id)


@cache
def _update(model: type[DeclarativeBase], names: tuple[str, ...], *, with_version: bool) -> Update:
    table = cast(Table, model.__table__)
    statement = table.update().where(table.c.id == bindparam("seen_id"))
    if with_version:
        statement = statement.where(table.c.version == bindparam("seen_version"))
    return statement.values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names})


def _engine(url: str, pool_size: int) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_size=pool_size, max_overflow=4, pool_pre_ping=True)
    engine = create_engine(url, pool_size=pool_size, max_overflow=4, pool_use_lifo=True, connect_args={"timeout": 15})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # we say BEGIN ourselves, see `_begin_sqlite`
    connection.execute("PRAGMA journal_mode=WAL")
    # NORMAL: a killed process loses nothing; a power cut may take the last commits, never the file's consistency.
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    # SQLite's own lower() knows ASCII only; a search must find "ÉMILE" by "émile", as on PostgreSQL.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def _begin_sqlite(connection: Connection) -> None:
    # Said to the driver itself: SQLAlchemy's own way around one word costs as much as a query.
    driver = cast(sqlite3.Connection, connection.connection.dbapi_connection)
    if begin := connection.get_execution_options().get("sqlite_begin", "BEGIN"):
        try:
            driver.execute(begin)
        except sqlite3.OperationalError as error:  # somebody else writes for longer than we wait
            raise OperationalError(begin, None, error) from error
