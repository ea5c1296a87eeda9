"""Secrets at rest: sealed with the newest key, opened with any that is still there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config.settings import load_settings
from jobs.vault import CannotOpen, Vault

VaultOf = Callable[..., Vault]
OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))
SECRETS = ["secret", "ä🙂 \n\x00", "x" * 100_000]


@pytest.fixture
def vault_of(tmp_path: Path) -> VaultOf:
    def make(*keys: str) -> Vault:
        return Vault(load_settings({"data_dir": tmp_path, "encryption_keys": ",".join(keys)}))

    return make


@pytest.mark.parametrize("secret", SECRETS, ids=["plain", "odd", "long"])
def test_what_is_sealed_is_opened_again_and_shows_nothing(vault_of: VaultOf, secret: str) -> None:
    sealed = vault_of(OLD).seal(secret)
    assert secret not in sealed
    assert vault_of(OLD).open(sealed) == secret
    assert vault_of(OLD).seal(secret) != sealed, "equal secrets must not look equal"


def test_no_secret_is_no_secret(vault_of: VaultOf) -> None:
    vault = vault_of(OLD)
    assert (vault.seal(""), vault.open(""), vault.reseal("")) == ("", "", "")


def test_a_new_key_in_front_seals_and_the_old_one_still_opens(vault_of: VaultOf) -> None:
    sealed_before = vault_of(OLD).seal("secret")
    both = vault_of(NEW, OLD)
    assert both.open(sealed_before) == "secret"
    assert vault_of(NEW).open(both.seal("secret")) == "secret"


def test_resealed_under_the_new_key_the_old_one_can_go(vault_of: VaultOf) -> None:
    resealed = vault_of(NEW, OLD).reseal(vault_of(OLD).seal("secret"))
    assert vault_of(NEW).open(resealed) == "secret"
    with pytest.raises(CannotOpen):
        vault_of(OLD).open(resealed)


@pytest.mark.parametrize(
    "sealed", ["not sealed at all", "gAAAAAB", "ä", OLD], ids=["words", "cut short", "beyond ASCII", "a key"]
)
def test_what_fits_no_key_cannot_be_opened_and_is_not_repeated(vault_of: VaultOf, sealed: str) -> None:
    with pytest.raises(CannotOpen, match="ENCRYPTION_KEYS") as refused:
        vault_of(OLD).open(sealed)
    assert sealed not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_key_that_was_dropped_too_early_is_missed(vault_of: VaultOf) -> None:
    sealed = vault_of(OLD).seal("secret")
    with pytest.raises(CannotOpen):
        vault_of(NEW, FOREIGN).open(sealed)


def test_a_sealed_secret_that_was_tampered_with_is_not_opened(vault_of: VaultOf) -> None:
    sealed = vault_of(OLD).seal("secret")
    middle = len(sealed) // 2
    other = "A" if sealed[middle] != "A" else "B"
    with pytest.raises(CannotOpen):
        vault_of(OLD).open(sealed[:middle] + other + sealed[middle + 1 :])
