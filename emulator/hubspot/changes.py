"""What changed in the portal, told to whoever listens: the seam that webhooks are sent from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Listener = Callable[[Sequence["Change"]], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Who made a change. `type` as in a property's history: `CRM_UI`, `INTEGRATION`, `CALCULATED`, `MERGE_OBJECTS`.

    `id` is the app's id for an integration and `userId:<n>` for a person; `user_id` is the person behind it.
    """

    type: str
    id: str
    user_id: int | None = None

    def to_list(self) -> list[Any]:
        return [self.type, self.id, self.user_id]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened.

    `kind` is the webhook subscription's type: `object.creation`, `object.propertyChange`, `object.deletion`,
    `object.restore`, `object.merge` or `object.associationChange`. `name` and `value` belong to property changes
    (an empty value: cleared). `details` holds what only merges (`primaryObjectId`, `mergedObjectIds`,
    `newObjectId`, `numberOfPropertiesMoved`) and associations (`fromObjectId`, `toObjectId`,
    `fromObjectTypeId`, `toObjectTypeId`, `associationTypeId`, `associationCategory`, `associationRemoved`,
    `isPrimaryAssociation`) have.
    """

    kind: str
    object_name: str
    object_type_id: str
    object_id: str
    at: datetime
    source: Source
    name: str | None = None
    value: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


class Changes:
    """Tells listeners, in the thread that committed, once per transaction and in order."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """`listener` gets the changes of each committed transaction. It should hand them on and return."""
        self._listeners.append(listener)

    def announce(self, changes: Sequence[Change]) -> None:
        for listener in self._listeners:
            listener(changes)
