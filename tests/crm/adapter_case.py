"""What the contract suite needs to know of a CRM to put its adapter through it.

Another CRM joins by one more class with the same methods and one more entry in `tests/crm/conftest.py`; the tests stay
as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from jobs.crm.adapters import open_adapter
from jobs.crm.base import CrmAdapter, CrmRow, Fields
from jobs.values import Value
from tests.support.office import Office
from tests.support.org_server import Json

Trouble = str
"""What goes wrong on the way: `drop`, `half_body`, `hang`, `lose_response`, `status 500` …"""


class AdapterCase(Protocol):
    """One CRM as its own people and its own network see it. The fields are those of one object with people in it."""

    object: str
    fields: Fields  # everything the suite reads, with our types
    text_field: str
    other_text_field: str
    email_field: str
    number_field: str
    select_many_field: str
    user_field: str
    required_field: str
    refused: tuple[str, Value]  # a value the CRM does not take for that field
    reshaped: tuple[str, Value, Value]  # one it takes, and what it makes of it
    unmapped_field: str
    missing_id: str  # well formed, and nobody's
    company_object: str
    company_fields: Fields  # name and website, in this order
    key_field: str
    write_calls: int
    create_calls: int
    describe_calls: int

    def adapter(self, *, read_seconds: float = 10) -> CrmAdapter:
        """As the worker opens it, with that patience."""

    def make(self, **fields: Any) -> str:
        """A record that has been there for an hour."""

    def make_company(self, *values: str) -> str:
        """A company with this name and website, an hour old."""

    def edit(self, record_id: str, **fields: Any) -> None:
        """A person changes it, a minute ago."""

    def edit_now(self, record_id: str, **fields: Any) -> None: ...
    def delete(self, record_id: str) -> None: ...
    def merge(self, record_id: str, into: str) -> str:
        """The id of what becomes of the two."""

    def delete_company(self, record_id: str) -> None: ...
    def hide_company_key(self) -> None: ...
    def hide_field(self, name: str) -> None: ...
    def make_field_read_only(self, name: str) -> None: ...
    def make_record_read_only(self, record_id: str) -> None: ...
    def allow_no_new_ones(self) -> None: ...
    def hide_record(self, record_id: str) -> None:
        """Nothing of it is there any more for us."""

    def aged(self, row: CrmRow) -> CrmRow:
        """The row as one that was read a while ago."""

    def lock(self, record_id: str) -> None: ...
    def spend_limit(self) -> None: ...
    def expire_tokens(self) -> None: ...
    def refuse_new_tokens(self) -> None: ...
    def switch_api_off(self) -> None: ...
    def shift_clock(self, seconds: float) -> None: ...
    def trouble(self, kind: Trouble, *, writes: bool, count: int | None = None) -> None:
        """The next calls (all, unless `count` is given) that read, or that write, meet this trouble."""

    def trouble_making(self, kind: Trouble, *, count: int | None = 1) -> None:
        """The next calls that make a record meet this trouble."""

    def answer_making_with(self, body: Any) -> None:
        """The next call that makes a record is answered 200 and this JSON."""

    def answer_with(self, body: Any, *, writes: bool) -> None:
        """The next calls are answered 200 and this JSON, as by something in between."""

    def company_of(self, record_id: str) -> str | None:
        """Whom a person belongs to."""

    def shown(self, record_id: str, *fields: str) -> Json:
        """The record as the CRM's admin sees it."""

    def calls(self) -> list[Json]:
        """Calls of ours that reached the CRM since the test began."""

    def writes(self) -> list[Json]:
        """What was changed by us since the test began, by the CRM's own account."""

    def made(self) -> list[Json]:
        """What was made by us since the test began."""


class SalesforceCase:
    object = "Contact"
    fields: Mapping[str, str] = {
        "Email": "email",
        "FirstName": "text",
        "LastName": "text",
        "Title": "text",
        "Lead_Score__c": "number",
        "Languages__c": "multi_select",
        "OwnerId": "user",
    }
    text_field = "Title"
    other_text_field = "FirstName"
    email_field = "Email"
    number_field = "Lead_Score__c"
    select_many_field = "Languages__c"
    user_field = "OwnerId"
    required_field = "LastName"
    refused = ("FirstName", "x" * 200)
    reshaped = ("Lead_Score__c", 12.345, 12.3)
    unmapped_field = "Description"
    write_calls = 1
    describe_calls = 1
    missing_id = "003000000000001AAA"
    company_object = "Account"
    company_fields: Mapping[str, str] = {"Name": "text", "Website": "url"}
    key_field = "CRM_Sync_Id__c"
    create_calls = 1

    def __init__(self, office: Office) -> None:
        self.office = office
        self._org = office.org
        self._start = office.next_seq()

    def adapter(self, *, read_seconds: float = 10) -> CrmAdapter:
        settings = self.office.runtime.settings.model_copy(update={"crm_timeout_read": read_seconds})
        return open_adapter(replace(self.office.runtime, settings=settings), self.office.connection)

    def make(self, **fields: Any) -> str:
        return self.office.in_crm("Contact", **{"LastName": "Sample", **fields})

    def make_company(self, *values: str) -> str:
        return self.office.in_crm("Account", **dict(zip(self.company_fields, values, strict=False)))

    def edit(self, record_id: str, **fields: Any) -> None:
        self.office.edit(record_id, **fields)

    def edit_now(self, record_id: str, **fields: Any) -> None:
        self._org.edit("Contact", record_id, fields, user="rep")

    def delete(self, record_id: str) -> None:
        self._org.control("delete", {"object": "Contact", "id": record_id})

    def merge(self, record_id: str, into: str) -> str:
        self._org.control("merge", {"object": "Contact", "master": into, "losers": [record_id]})
        return into

    def delete_company(self, record_id: str) -> None:
        self._org.control("delete", {"object": "Account", "id": record_id})

    def hide_company_key(self) -> None:
        self.office.permit(fields={f"Account.{self.key_field}": "hidden"})

    def hide_field(self, name: str) -> None:
        self.office.permit(fields={f"Contact.{name}": "hidden"})

    def make_field_read_only(self, name: str) -> None:
        self.office.permit(fields={f"Contact.{name}": "read"})

    def make_record_read_only(self, record_id: str) -> None:
        self.office.permit(records={record_id: "read"})

    def allow_no_new_ones(self) -> None:
        self.office.permit(objects={"Contact": "read"})

    def hide_record(self, record_id: str) -> None:
        self.office.permit(records={record_id: "none"})

    def aged(self, row: CrmRow) -> CrmRow:
        return row  # its stamp is checked with the write itself, whenever it was read

    def lock(self, record_id: str) -> None:
        self._org.fault("lock_rows", ids=[record_id], seconds=600)

    def spend_limit(self) -> None:
        self._org.control("limits", {"daily_api_requests": 100, "used": 100})

    def expire_tokens(self) -> None:
        self._org.control("expire_tokens", {})

    def refuse_new_tokens(self) -> None:
        sealed = self.office.runtime.vault.seal("not the secret")
        self.office.set_connection(client_secret_sealed=sealed, access_token_sealed="")

    def switch_api_off(self) -> None:
        body = [{"message": "The REST API is not enabled for this Organization.", "errorCode": "API_DISABLED_FOR_ORG"}]
        self._org.fault("status", "/services/data/v", status=403, body=body, count=None)

    def shift_clock(self, seconds: float) -> None:
        self.office.shift_crm_clock(seconds=seconds)

    def trouble(self, kind: Trouble, *, writes: bool, count: int | None = None) -> None:
        path = "/composite" if writes else "/queryAll"
        name, _, number = kind.partition(" ")
        more: Json = {"status": int(number)} if number else {}
        if name == "hang":
            more["seconds"] = 1.0
        self._org.fault(name, path, count=count, **more)

    def trouble_making(self, kind: Trouble, *, count: int | None = 1) -> None:
        self.trouble(kind, writes=True, count=count)

    def answer_making_with(self, body: Any) -> None:
        self._org.fault("status", "/composite", status=200, body=body)

    def answer_with(self, body: Any, *, writes: bool) -> None:
        self._org.fault("status", "/composite" if writes else "/queryAll", status=200, body=body, count=None)

    def company_of(self, record_id: str) -> str | None:
        found: str | None = self.office.shown_in_crm(record_id, "AccountId")["AccountId"]
        return found

    def shown(self, record_id: str, *fields: str) -> Json:
        return self.office.shown_in_crm(record_id, *fields)

    def calls(self) -> list[Json]:
        return self._journal("call")

    def writes(self) -> list[Json]:
        ours = self._org.user("integration")["id"]
        return [each for each in self._journal("write") if each["user_id"] == ours and each["net"]]

    def made(self) -> list[Json]:
        return [each for each in self.writes() if each["op"] == "insert"]

    def _journal(self, kind: str) -> list[Json]:
        # What the test itself asks as admin is not ours.
        query = f"journal?since={self._start}&kind={kind}&limit=100000"
        admin = self._org.user("admin")["id"]
        entries: list[Json] = self._org.control(query, method="GET")["entries"]
        return [each for each in entries if each["user_id"] != admin]


def row_of(case: AdapterCase, adapter: CrmAdapter, record_id: str) -> CrmRow:
    return adapter.read(case.object, record_id, case.fields)
