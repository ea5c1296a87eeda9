"""Settings of an installation beside a stand-in, and the same with some of them changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from config.settings import Settings, load_settings


def made_keys() -> dict[str, Any]:
    """The keys of every installation of a run, so that one seeded database serves them all."""
    return {
        "secret_key": "a secret key for tests, long enough " * 2,
        "encryption_keys": (Fernet.generate_key().decode(),),
    }


def settings_beside(crm_url: str, folder: Path, redis_url: str, keys: Mapping[str, Any], **overrides: Any) -> Settings:
    """Of an installation in `folder`, with little patience for the CRM."""
    return load_settings(
        {
            "data_dir": folder,
            "redis_url": redis_url,
            "trusted_crm_hosts": (crm_url.removeprefix("http://"),),
            "crm_timeout_connect": 2,
            "crm_timeout_read": 10,
            **keys,
            **overrides,
        }
    )


def changed(settings: Settings, **overrides: Any) -> Settings:
    kept = {name: getattr(settings, name) for name in Settings.model_fields}
    return load_settings({**kept, **overrides})
