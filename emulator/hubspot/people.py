"""The portal's users, who are its owners too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """A user. The same person has one number as a user and another one as an owner of records."""

    role: str
    user_id: int
    owner_id: str
    first_name: str
    last_name: str
    email: str
    active: bool
    super_admin: bool
    team: str | None

    @property
    def id(self) -> str:
        return str(self.user_id)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def to_json(self) -> dict[str, Any]:
        """For the controls and for credentials.json."""
        return {
            "id": self.id,
            "owner_id": self.owner_id,
            "name": self.name,
            "email": self.email,
            "role": self.role,
            "active": self.active,
        }


@dataclass(frozen=True, slots=True)
class Queue:
    """An owner that is nobody: records wait in it for a person. It has neither user nor address."""

    owner_id: str
    name: str


class People:
    def __init__(self, definitions: Sequence[Mapping[str, Any]], queues: Sequence[Mapping[str, Any]] = ()) -> None:
        self.all = [_person(each) for each in definitions]
        self.queues = [Queue(str(each["owner_id"]), each["name"]) for each in queues]

    @property
    def owners(self) -> list[Person | Queue]:
        return [*self.all, *self.queues]

    def find(self, wanted: str | int) -> Person | None:
        """A person by user id, email or role."""
        text = str(wanted).casefold()
        for person in self.all:
            if text in (str(person.user_id), person.email.casefold(), person.role):
                return person
        return None

    def owner(self, owner_id: str) -> Person | Queue | None:
        return next((each for each in self.owners if each.owner_id == owner_id), None)

    def role(self, name: str) -> Person:
        found = next((person for person in self.all if person.role == name), None)
        if found is None:
            raise LookupError(f"the portal has no user in the role {name!r}")
        return found


def _person(entry: Mapping[str, Any]) -> Person:
    return Person(
        role=entry["role"],
        user_id=entry["user_id"],
        owner_id=str(entry["owner_id"]),
        first_name=entry["first_name"],
        last_name=entry["last_name"],
        email=entry["email"],
        active=entry["active"],
        super_admin=entry.get("super_admin", False),
        team=entry.get("team"),
    )
