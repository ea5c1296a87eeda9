"""Every setting of the product, read once from the environment and handed in from there.

A bad value stops the start with one sentence that names the variable and says what is expected.
The value itself is never repeated: it may be a secret.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from config.addresses import is_loopback
from config.crm_settings import CrmSettings
from config.keyfile import read_or_create
from config.setting_types import DatabaseUrl, Origin, QueueUrl, SecretList

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogFormat = Literal["console", "json"]

SECRET_KEY_MIN_LENGTH = 32
"""HS256 wants at least 256 bits of key; PyJWT warns below 32 bytes."""


class SettingsError(ValueError):
    """A setting is missing or wrong. The message is one sentence per problem, fit for a terminal."""


def _default_log_format() -> LogFormat:
    return "console" if sys.stderr.isatty() else "json"


class Settings(CrmSettings):
    """The settings, immutable. The environment variable is the field's name in upper case.

    Use `load_settings`: it also makes the data directory and, on a loopback address, the keys. The fields that are
    about the CRMs stand in `config.crm_settings`.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    data_dir: Path = Field(
        default=Path("var"),
        description="Directory for the SQLite file, the embedded queue server and keys made on a laptop. "
        "Created with mode 0700 when missing.",
        json_schema_extra={"expects": "a directory this process may write to"},
    )
    database_url: DatabaseUrl = Field(
        default="",
        repr=False,
        description="Where the data lives. `postgresql://user:password@host/name` or `sqlite:///path`. "
        "Unset: `widget.sqlite3` in `DATA_DIR`.",
        json_schema_extra={"expects": "postgresql://user:password@host:port/name or sqlite:///path/to/file"},
    )
    redis_url: QueueUrl | None = Field(
        default=None,
        repr=False,
        description="Redis 6.2+ or Valkey 7.2+ for the queue: `redis://`, `rediss://` or `unix://`. "
        "Unset: the embedded server that `widget demo` starts.",
        json_schema_extra={"expects": "redis://host:port/0, rediss://host:port/0 or unix:///path/to/socket"},
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Signs panel tokens, tickets and admin sessions; at least 32 characters. Required unless "
        "`PUBLIC_URL` is a loopback address, where one is made and kept in `DATA_DIR/secret_key`.",
        json_schema_extra={"expects": f"at least {SECRET_KEY_MIN_LENGTH} random characters"},
    )
    secret_key_fallbacks: SecretList = Field(
        default=(),
        description="Earlier signing keys, comma separated. They still verify, and sign nothing.",
        json_schema_extra={"expects": f"comma-separated keys of at least {SECRET_KEY_MIN_LENGTH} characters each"},
    )
    encryption_keys: SecretList = Field(
        default=(),
        description="Fernet keys for secrets at rest, comma separated: the first encrypts, all decrypt. "
        "Required unless `PUBLIC_URL` is a loopback address, where one is made and kept in "
        "`DATA_DIR/encryption_keys`.",
        json_schema_extra={"expects": "comma-separated Fernet keys (32 bytes in URL-safe base64, 44 characters each)"},
    )
    public_url: Origin = Field(
        default="http://127.0.0.1:8000",
        description="The address a browser uses to reach us: scheme, host and port, no path. "
        "https unless it is a loopback address.",
        json_schema_extra={"expects": "https://host or http://127.0.0.1:port, without a path"},
    )
    log_level: LogLevel = Field(
        default="INFO",
        description="The least severe message written: DEBUG, INFO, WARNING or ERROR.",
        json_schema_extra={"expects": "DEBUG, INFO, WARNING or ERROR"},
    )
    log_format: LogFormat = Field(
        default_factory=_default_log_format,
        description="`console` for people, `json` for machines. Unset: console on a terminal, else json.",
        json_schema_extra={"expects": "console or json"},
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=5,
        description="How many reverse proxies in front of us set `X-Forwarded-*`. 0 ignores those headers.",
        json_schema_extra={"expects": "a whole number from 0 to 5"},
    )
    panel_token_seconds: int = Field(
        default=300,
        ge=30,
        le=3600,
        description="Lifetime of a panel token, in seconds. The panel renews it before it ends.",
        json_schema_extra={"expects": "a whole number of seconds from 30 to 3600"},
    )
    panel_session_hours: int = Field(
        default=8,
        ge=1,
        le=24,
        description="How long one launch can be renewed, in hours. Then the record page has to be reloaded.",
        json_schema_extra={"expects": "a whole number of hours from 1 to 24"},
    )
    lease_seconds: int = Field(
        default=8,
        ge=2,
        le=300,
        description="A run whose worker has been silent for this long, in seconds, is given to another one.",
        json_schema_extra={"expects": "a whole number of seconds from 2 to 300"},
    )
    tick_seconds: float = Field(
        default=2,
        ge=0.2,
        le=60,
        description="Seconds between ticks of the clock, which starts what is due and recovers what died.",
        json_schema_extra={"expects": "a number of seconds from 0.2 to 60"},
    )
    history_days: int = Field(
        default=365,
        ge=1,
        le=36500,
        description="How many days the sync log is kept. What is older cannot be looked up or undone any more.",
        json_schema_extra={"expects": "a whole number of days from 1 to 36500"},
    )
    history_rows_per_field: int = Field(
        default=100,
        ge=2,
        le=100_000,
        description="How many changes of each field of a record the sync log keeps at most, the latest ones.",
        json_schema_extra={"expects": "a whole number from 2 to 100000"},
    )
    web_threads: int = Field(
        default=16,
        ge=1,
        le=256,
        description="Threads in each web process. A request that is being answered holds one.",
        json_schema_extra={"expects": "a whole number from 1 to 256"},
    )
    web_workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Web processes. One is right for SQLite; about one per core for PostgreSQL.",
        json_schema_extra={"expects": "a whole number from 1 to 64"},
    )

    @field_validator("data_dir")
    @classmethod
    def _absolute_data_dir(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("secret_key", "secret_key_fallbacks")
    @classmethod
    def _long_enough(cls, value: SecretStr | tuple[SecretStr, ...]) -> SecretStr | tuple[SecretStr, ...]:
        keys = value if isinstance(value, tuple) else (value,)
        if any(0 < len(key.get_secret_value()) < SECRET_KEY_MIN_LENGTH for key in keys):
            raise ValueError("too short")
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _fernet_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for key in value:
            Fernet(key.get_secret_value())
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def is_local(self) -> bool:
        """True when only this machine can reach us: the keys may then be made for you."""
        return is_loopback(urlsplit(self.public_url).hostname or "")

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """The key that signs, then the earlier ones that only verify."""
        return tuple(key.get_secret_value() for key in (self.secret_key, *self.secret_key_fallbacks))

    @property
    def fernet_keys(self) -> tuple[str, ...]:
        """The key that encrypts, then the earlier ones that only decrypt."""
        return tuple(key.get_secret_value() for key in self.encryption_keys)


def load_settings(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the environment, make the data directory, and fill in what may be made on this machine.

    `overrides` (field name to value) win over the environment. Raises SettingsError.
    """
    given = dict(overrides or {})
    settings = _validated(given)
    _make_data_dir(settings.data_dir)
    if not settings.database_url:
        given["database_url"] = f"sqlite:///{settings.data_dir / 'widget.sqlite3'}"
    if not settings.secret_key.get_secret_value():
        given["secret_key"] = _own_key(settings, "secret_key", lambda: secrets.token_urlsafe(48))
    if not settings.encryption_keys:
        given["encryption_keys"] = _own_key(settings, "encryption_keys", lambda: Fernet.generate_key().decode())
    settings = _validated(given)
    if half := settings.half_an_app():
        raise SettingsError("{} must be set together with {}.".format(*(name.upper() for name in half)))
    return settings


def _validated(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_sentences(error)) from None


def _sentences(error: ValidationError) -> str:
    names = sorted({str(problem["loc"][0]) for problem in error.errors()})
    return "\n".join(f"{name.upper()} must be {_expectation(name)}." for name in names)


def _expectation(name: str) -> str:
    extra = Settings.model_fields[name].json_schema_extra
    return str(extra["expects"]) if isinstance(extra, dict) else "valid"


def _make_data_dir(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"DATA_DIR must be a directory this process may write to: {error.strerror}.") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise SettingsError("DATA_DIR must be a directory this process may write to.")


def _own_key(settings: Settings, name: str, make: Callable[[], str]) -> str:
    """The key kept in the data directory, made at the first start.

    Only on a loopback address: on many machines every process needs the same key, so it has to be handed in.
    """
    if not settings.is_local:
        raise SettingsError(f"{name.upper()} must be set when PUBLIC_URL is not a loopback address.")
    try:
        return read_or_create(settings.data_dir / name, make)
    except OSError as error:
        raise SettingsError(f"{name.upper()} could not be kept in DATA_DIR: {error.strerror}.") from None
