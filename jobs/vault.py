"""Secrets at rest: text sealed with the first of `ENCRYPTION_KEYS`, opened with any of them."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from config.settings import Settings


class CannotOpen(Exception):
    """A sealed value fits none of the keys: a key was removed too early, or the database came from elsewhere."""


class Vault:
    def __init__(self, settings: Settings) -> None:
        keys = [Fernet(key) for key in settings.fernet_keys]
        self._keys = MultiFernet(keys)
        self._first = keys[0]

    def seal(self, text: str) -> str:
        return self._keys.encrypt(text.encode()).decode() if text else ""

    def open(self, sealed: str) -> str:
        """The text, "" for "". Raises `CannotOpen`."""
        if not sealed:
            return ""
        try:
            return self._keys.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise CannotOpen("a stored secret fits none of ENCRYPTION_KEYS") from None

    def is_current(self, sealed: str) -> bool:
        """Sealed with the first key, or nothing at all."""
        try:
            return not sealed or bool(self._first.decrypt(sealed.encode()))
        except InvalidToken:
            return False

    def reseal(self, sealed: str) -> str:
        """The same secret under the first key: run over all rows before an old key is dropped. Raises `CannotOpen`."""
        return self.seal(self.open(sealed))
