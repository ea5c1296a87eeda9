"""Who is calling: an app with a static token, or one that a user installed by OAuth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.hubspot import errors
from emulator.hubspot.changes import Source


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token stands for. `app` is the app's id; `user_id` is None for a static token."""

    app: str
    client: str
    scopes: frozenset[str]
    oauth: bool
    user_id: int | None = None

    @property
    def source(self) -> Source:
        return Source("INTEGRATION", self.app, self.user_id)

    def need(self, *scopes: str) -> None:
        """Raises the refusal that names the scopes when one of them was not granted."""
        if not self.scopes.issuperset(scopes):
            raise errors.missing_scopes(scopes)


def object_scope(object_name: str, action: str, *, custom: bool) -> str:
    return f"crm.objects.{'custom' if custom else object_name}.{action}"


def schema_scope(object_name: str, action: str, *, custom: bool) -> str:
    return f"crm.schemas.{'custom' if custom else object_name}.{action}"


def scope_text(scopes: Sequence[str] | frozenset[str]) -> str:
    return " ".join(sorted(scopes))
