"""Lists as people keep them in either CRM: saved, looked at and dropped there, never through our product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.support.office import Office
from tests.support.portal_office import PortalOffice


class KeptLists(Protocol):
    """The lists of one object with people in it."""

    object: str
    other_object: str

    def save(self, name: str, members: Sequence[str]) -> str:
        """A list of just these records; its id."""

    def drop(self, list_id: str) -> None: ...


@dataclass
class ListViews:
    """Salesforce: a list view is a condition."""

    office: Office
    object: str = "Contact"
    other_object: str = "Account"

    def save(self, name: str, members: Sequence[str], **more: object) -> str:
        ids = ", ".join(f"'{each}'" for each in members)
        # A bracket and a clause's word within a text, as people write them.
        where = f"Id IN ({ids}) AND (NOT Title LIKE 'gone) FROM here')" if ids else "Title = 'nobody''s'"
        named = {"label": name, "developer_name": name.title().replace(" ", "_")}
        body = {"object": self.object, "where": where.replace("''", "\\'"), **named, **more}
        return str(self.office.org.control("list_views", body)["id"])

    def drop(self, list_id: str) -> None:
        self.office.org.control("list_views", {"delete": list_id})


@dataclass
class StaticLists:
    """HubSpot: a list that is kept by hand."""

    office: PortalOffice
    object: str = "contacts"
    other_object: str = "companies"

    def save(self, name: str, members: Sequence[str]) -> str:
        body = {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}
        list_id = str(self._call("POST", "", body)["list"]["listId"])
        if members:
            self._call("PUT", f"/{list_id}/memberships/add", list(members))
        return list_id

    def take_out(self, list_id: str, record_id: str) -> None:
        self._call("PUT", f"/{list_id}/memberships/remove", [record_id])

    def drop(self, list_id: str) -> None:
        self._call("DELETE", f"/{list_id}")

    def _call(self, method: str, rest: str, body: object = None) -> dict[str, dict[str, object]]:
        api = self.office.org.api(self.office.org.token("admin"))
        answer = api.call(method, api.path("lists", rest), json=body)
        assert answer.status_code < 300, answer.text
        told: dict[str, dict[str, object]] = answer.json() if answer.content else {}
        return told
