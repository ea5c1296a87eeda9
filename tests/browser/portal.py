"""The stand-in portal of a running demo, and what happens in it behind the reps' backs."""

from __future__ import annotations

from typing import Any

import requests

Json = dict[str, Any]


class Portal:
    """`told` is the `hubspot` part of the demo's summary."""

    def __init__(self, told: Json) -> None:
        self._told = told
        self.url = str(told["url"])

    @property
    def connection_id(self) -> int:
        return int(self._told["connection_id"])

    def headline(self, object_name: str) -> str:
        """The id of the record that the demo's start message points to."""
        return str(self._told["records"][object_name]["id"])

    def page_of(self, contact_id: str) -> str:
        page, _, _ = str(self._told["records"]["contacts"]["page"]).rpartition("/")
        return f"{page}/{contact_id}"

    def find_contact(self, email: str) -> str:
        """A contact of the sample data, by its address."""
        answer = self._api("GET", f"contacts/{email}", params={"idProperty": "email"})
        return str(answer["id"])

    def value(self, contact_id: str, name: str) -> str | None:
        """A property as the portal's own API tells it."""
        found: str | None = self._api("GET", f"contacts/{contact_id}", params={"properties": name})["properties"][name]
        return found

    def journal(self, kind: str) -> list[Json]:
        answer = requests.get(f"{self.url}/_emulator/journal", params={"kind": kind, "limit": "10000"}, timeout=20)
        entries: list[Json] = answer.json()["entries"]
        return entries

    def writes(self, contact_id: str) -> int:
        """How many writes to a contact the portal's journal knows of, whoever made them."""
        return sum(str(each["id"]) == contact_id for each in self.journal("write"))

    def _api(self, method: str, path: str, **options: Any) -> Json:
        answer = requests.request(
            method,
            f"{self.url}/crm/objects/2026-09/{path}",
            headers={"Authorization": f"Bearer {self._told['access_token']}"},
            timeout=20,
            **options,
        )
        answer.raise_for_status()
        return dict(answer.json())
