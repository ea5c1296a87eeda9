"""The same contact in either CRM: an office, and how its CRM calls things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.office import Office
from tests.support.portal_office import PortalOffice
from tests.support.told import Told


@dataclass(frozen=True)
class Place:
    office: Office
    object: str
    title: str
    last_name: str
    email: str
    forget: Callable[[str], None]  # for good: not even the recycle bin has it

    def known(self, name: str) -> str:
        """A buyer of that last name, linked and in step; the id there."""
        email = f"{name.lower()}@example.com"
        record_id = self.office.in_crm(self.object, **{self.last_name: name, self.email: email, self.title: "Buyer"})
        self.office.sync(self.object, record_id)
        return record_id

    def ours(self, record_id: str) -> int:
        return self.office.linked(self.object, record_id)

    def sync(self, record_id: str, **ask: Any) -> Told:
        return self.office.sync(self.object, record_id, **ask)

    def title_of(self, record_id: str) -> Any:
        return self.office.shown_in_crm(record_id, self.title)[self.title]

    def delete(self, record_id: str) -> None:
        self.office.org.control("delete", {"object": self.object, "id": record_id})

    def restore(self, record_id: str) -> None:
        self.office.org.control("undelete", {"object": self.object, "id": record_id})


@pytest.fixture(params=["salesforce", "hubspot"])
def place(request: pytest.FixtureRequest) -> Place:
    """The test runs twice: beside an org and beside a HubSpot account."""
    if request.param == "salesforce":
        return in_salesforce(request.getfixturevalue("office"))
    return in_hubspot(request.getfixturevalue("portal_office"))


def in_salesforce(office: Office) -> Place:
    def forget(record_id: str) -> None:
        for event in ("delete", "purge"):
            office.org.control(event, {"object": "Contact", "id": record_id})

    return Place(office, "Contact", "Title", "LastName", "Email", forget)


def in_hubspot(office: PortalOffice) -> Place:
    def forget(record_id: str) -> None:
        api = office.org.api(office.org.token("admin"))
        answer = api.objects("POST", "/contacts/gdpr-delete", {"objectId": record_id})
        assert answer.status_code == 204, answer.text

    return Place(office, "contacts", "jobtitle", "lastname", "email", forget)
