"""Dropping an old encryption key: afterwards the new one opens everything, alone."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from config.settings import Settings, load_settings
from jobs.db import migrate, open_database
from jobs.models import Connection
from jobs.reseal import reseal_everything
from jobs.runtime import utc_now
from jobs.vault import CannotOpen, Vault

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
SECRETS = {
    "client_secret_sealed": "the client secret",
    "refresh_token_sealed": "the refresh token",
    "canvas_secret_sealed": "",
}


def with_keys(settings: Settings, *keys: str) -> Settings:
    given = {"data_dir": settings.data_dir, "redis_url": settings.redis_url, "database_url": settings.database_url}
    return load_settings(given | {"encryption_keys": ",".join(keys)})


@pytest.fixture
def sealed_with_the_old_key(settings_on_each_database: Settings) -> Settings:
    settings = with_keys(settings_on_each_database, OLD)
    migrate(settings)
    store(settings)
    return settings


def store(settings: Settings) -> None:
    vault, database, now = Vault(settings), open_database(settings), utc_now()
    with database.write() as session:
        session.add(
            Connection(
                crm="salesforce",
                name="Sample Org",
                org_id="00D000000000001EAA",
                base_url="https://sample.my.salesforce.com",
                api_version="67.0",
                client_id="sample",
                created_at=now,
                updated_at=now,
                **{column: vault.seal(secret) for column, secret in SECRETS.items()},
            )
        )
    database.close()


def opened(settings: Settings) -> dict[str, str]:
    vault, database = Vault(settings), open_database(settings)
    with database.read() as session:
        connection = session.query(Connection).one()
        found = {column: vault.open(getattr(connection, column)) for column in SECRETS}
    database.close()
    return found


def test_the_old_key_can_be_dropped(sealed_with_the_old_key: Settings) -> None:
    with pytest.raises(CannotOpen):
        opened(with_keys(sealed_with_the_old_key, NEW))
    assert reseal_everything(with_keys(sealed_with_the_old_key, NEW, OLD)) == 2
    assert opened(with_keys(sealed_with_the_old_key, NEW)) == SECRETS


def test_a_second_time_there_is_nothing_to_do(sealed_with_the_old_key: Settings) -> None:
    both = with_keys(sealed_with_the_old_key, NEW, OLD)
    assert [reseal_everything(both), reseal_everything(both)] == [2, 0]


def test_without_the_old_key_nothing_is_changed(sealed_with_the_old_key: Settings) -> None:
    with pytest.raises(CannotOpen):
        reseal_everything(with_keys(sealed_with_the_old_key, NEW))
    assert opened(sealed_with_the_old_key) == SECRETS


def test_every_column_that_is_called_sealed_is_found(sealed_with_the_old_key: Settings) -> None:
    """By its name: a table that is added later is not forgotten."""
    settings = with_keys(sealed_with_the_old_key, NEW, OLD)
    columns = [column.name for column in Connection.__table__.columns if column.name.endswith("_sealed")]
    database, vault = open_database(settings), Vault(sealed_with_the_old_key)
    with database.write() as session:
        for column in columns:
            session.execute(text(f"UPDATE connection SET {column} = :sealed"), {"sealed": vault.seal(column)})
    database.close()
    assert reseal_everything(settings) == len(columns)
