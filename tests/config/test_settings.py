"""A bad setting stops the start and names itself; a good default needs no setting."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config.settings import Settings, SettingsError, load_settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"

# Fixed: parallel test processes have to collect the same names.
GOOD_KEY = "k" * 43 + "="

BAD_VALUES = [
    ("DATA_DIR", "/dev/null/here"),
    ("DATABASE_URL", "mysql://app:hunter2@db/widget"),
    ("DATABASE_URL", "postgresql://app:hunter2@db"),
    ("DATABASE_URL", "postgresql://app:hunter2@db:99999/widget"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "hunter2"),
    ("REDIS_URL", "http://:hunter2@queue:6379"),
    ("REDIS_URL", "redis://"),
    ("REDIS_URL", "unix://"),
    ("SECRET_KEY", "hunter2"),
    ("SECRET_KEY_FALLBACKS", "hunter2," + "k" * 40),
    ("ENCRYPTION_KEYS", "hunter2"),
    ("ENCRYPTION_KEYS", f"{GOOD_KEY},hunter2"),
    ("PUBLIC_URL", "http://sync.example.com"),
    ("PUBLIC_URL", "https://sync.example.com/path"),
    ("PUBLIC_URL", "https://someone@sync.example.com"),
    ("PUBLIC_URL", "sync.example.com"),
    ("PUBLIC_URL", "https://sync.example.com:port"),
    ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"),
    ("TRUSTED_CRM_HOSTS", "localhost"),
    ("TRUSTED_CRM_HOSTS", "http://localhost:8001"),
    ("TRUSTED_CRM_HOSTS", "localhost:8001/path"),
    ("TRUSTED_PROXIES", "-1"),
    ("PANEL_TOKEN_SECONDS", "five"),
    ("PANEL_TOKEN_SECONDS", "5"),
    ("PANEL_SESSION_HOURS", "100"),
    ("LEASE_SECONDS", "0"),
    ("TICK_SECONDS", "-2"),
    ("TICK_SECONDS", "nan"),
    ("HISTORY_DAYS", "0"),
    ("HISTORY_ROWS_PER_FIELD", "1"),
    ("CRM_TIMEOUT_CONNECT", "0"),
    ("CRM_TIMEOUT_READ", "inf"),
    ("LOOK_EVERY_MINUTES", "4"),
    ("WEB_THREADS", "0"),
    ("WEB_WORKERS", "1000"),
    ("SALESFORCE_API_VERSION", "latest"),
    ("HUBSPOT_API_VERSION", "v3"),
    ("SALESFORCE_CLIENT_ID", "an id without its hunter2"),
    ("SALESFORCE_CLIENT_SECRET", "hunter2"),
    ("SALESFORCE_LOGIN_URL", "http://login.example.com"),
    ("HUBSPOT_CLIENT_ID", "an id without its hunter2"),
    ("HUBSPOT_CLIENT_SECRET", "hunter2"),
    ("HUBSPOT_LOGIN_URL", "http://app.example.com"),
    ("HUBSPOT_API_URL", "https://api.example.com/path"),
]


@pytest.fixture(autouse=True)
def _own_data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_bad_value_stops_the_start_with_its_name_and_without_itself(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    sentence = str(caught.value)
    assert sentence.startswith(f"{name} must be ")
    assert "hunter2" not in sentence


def test_every_setting_has_a_bad_value_in_this_file() -> None:
    assert {name for name, _ in BAD_VALUES} == {name.upper() for name in Settings.model_fields}


def test_several_bad_values_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("WEB_THREADS", "many")

    with pytest.raises(SettingsError, match=r"(?s)LOG_LEVEL must be .*WEB_THREADS must be "):
        load_settings()


def test_nothing_needs_to_be_set_on_a_laptop(tmp_path: Path) -> None:
    settings = load_settings()

    assert settings.database_url == f"sqlite:///{tmp_path}/data/widget.sqlite3"
    assert settings.redis_url is None
    assert settings.is_local


def test_keys_made_on_a_laptop_stay_and_are_for_their_owner_only(tmp_path: Path) -> None:
    first, second = load_settings(), load_settings()

    assert first.signing_keys == second.signing_keys
    assert first.fernet_keys == second.fernet_keys
    for name in ("secret_key", "encryption_keys"):
        assert stat.S_IMODE((tmp_path / "data" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["SECRET_KEY", "ENCRYPTION_KEYS"])
def test_a_public_address_needs_keys_handed_in(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://sync.example.com")
    monkeypatch.setenv("SECRET_KEY", "k" * 40)
    monkeypatch.setenv("ENCRYPTION_KEYS", Fernet.generate_key().decode())
    load_settings()
    monkeypatch.delenv(name)

    with pytest.raises(SettingsError, match=f"{name} must be set"):
        load_settings()
    assert not (tmp_path / "data" / name.lower()).exists()


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    load_settings()
    (tmp_path / "data" / "encryption_keys").write_text("scribble")

    with pytest.raises(SettingsError, match="ENCRYPTION_KEYS must be"):
        load_settings()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_uses_psycopg(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://app:pass@db:5432/widget?sslmode=require")

    assert load_settings().database_url == "postgresql+psycopg://app:pass@db:5432/widget?sslmode=require"


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    monkeypatch.setenv("ENCRYPTION_KEYS", f" {keys[0]} , {keys[1]},")
    monkeypatch.setenv("TRUSTED_CRM_HOSTS", "LocalHost:8001,127.0.0.1:8002")

    settings = load_settings()

    assert settings.fernet_keys == tuple(keys)
    assert settings.trusted_crm_hosts == ("localhost:8001", "127.0.0.1:8002")


def test_an_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "")
    monkeypatch.setenv("WEB_THREADS", "")

    assert load_settings().redis_url is None
    assert load_settings().web_threads == 16


def test_printed_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter2@db/widget")
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@queue:6379/0")
    settings = load_settings()

    printed = f"{settings!r} {settings}"

    assert "hunter2" not in printed
    assert not any(key in printed for key in (*settings.signing_keys, *settings.fernet_keys))


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_described_in_the_operations_page(name: str) -> None:
    description = Settings.model_fields[name].description

    assert description
    assert f"| `{name.upper()}` |" in DOCUMENT.read_text(encoding="utf-8")
