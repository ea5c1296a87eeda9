"""HubSpot in the contract suite; see `tests/crm/adapter_case.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from jobs.crm.adapters import open_adapter
from jobs.crm.base import CrmAdapter, CrmRow
from tests.crm.adapter_case import Trouble
from tests.support.org_server import Json
from tests.support.portal_office import PortalOffice, is_by_app

RECORDS = r"/crm/objects/[^/]+/contacts/\d+"
NEW = r"/crm/objects/[^/]+/\w+$"


class HubSpotCase:
    object = "contacts"
    fields: Mapping[str, str] = {
        "email": "email",
        "firstname": "text",
        "lastname": "text",
        "jobtitle": "text",
        "sample_lead_score": "number",
        "sample_languages": "multi_select",
        "hubspot_owner_id": "user",
    }
    text_field = "jobtitle"
    other_text_field = "firstname"
    email_field = "email"
    number_field = "sample_lead_score"
    select_many_field = "sample_languages"
    user_field = "hubspot_owner_id"
    required_field = "lastname"
    refused = ("sample_languages", ["Klingon"])
    reshaped = ("email", "ana@münchen.example", "ana@xn--mnchen-3ya.example")
    unmapped_field = "city"
    missing_id = "987654321"
    write_calls = 2
    describe_calls = 2
    company_object = "companies"
    company_fields: Mapping[str, str] = {"name": "text", "website": "url"}
    key_field = "crm_sync_id"
    create_calls = 2

    def __init__(self, office: PortalOffice) -> None:
        self.office = office
        self._portal = office.org
        self._portal.control("rules", {"object": "contacts", "required": ["lastname"]})
        self._admin = self._portal.user("admin")
        self._start = office.next_seq()

    def adapter(self, *, read_seconds: float = 10) -> CrmAdapter:
        settings = self.office.runtime.settings.model_copy(update={"crm_timeout_read": read_seconds})
        return open_adapter(replace(self.office.runtime, settings=settings), self.office.connection)

    def make(self, **fields: Any) -> str:
        standard = {"lastname": "Sample", "hubspot_owner_id": self._admin["owner_id"]}
        return self.office.in_crm("contacts", **(standard | fields))

    def make_company(self, *values: str) -> str:
        return self.office.in_crm("companies", **dict(zip(self.company_fields, values, strict=False)))

    def edit(self, record_id: str, **fields: Any) -> None:
        self.office.edit(record_id, **fields)

    def edit_now(self, record_id: str, **fields: Any) -> None:
        self._portal.edit("contacts", record_id, fields, user="rep")

    def delete(self, record_id: str) -> None:
        self._portal.control("archive", {"object": "contacts", "id": record_id})

    def merge(self, record_id: str, into: str) -> str:
        body = {"primaryObjectId": into, "objectIdToMerge": record_id}
        answer = self._as_admin().objects("POST", "/contacts/merge", body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def delete_company(self, record_id: str) -> None:
        self._portal.control("archive", {"object": "companies", "id": record_id})

    def hide_company_key(self) -> None:
        self._redefine(self.key_field, "companies", archivedAt="2026-01-01T00:00:00.000Z")

    def hide_field(self, name: str) -> None:
        self._redefine(name, archivedAt="2026-01-01T00:00:00.000Z")

    def make_field_read_only(self, name: str) -> None:
        self._redefine(name, readOnly=True)

    def make_record_read_only(self, record_id: str) -> None:
        """HubSpot knows no rights of an app on one record: the app has none to write at all."""
        self._portal.fault("status", RECORDS, method="PATCH", status=403, category="MISSING_SCOPES", count=None)

    def allow_no_new_ones(self) -> None:
        self._portal.fault("status", NEW, method="POST", status=403, category="MISSING_SCOPES", count=None)

    def hide_record(self, record_id: str) -> None:
        """HubSpot hides nothing from an app: the record is erased for good."""
        answer = self._as_admin().objects("POST", "/contacts/gdpr-delete", {"objectId": record_id})
        assert answer.status_code == 204, answer.text

    def aged(self, row: CrmRow) -> CrmRow:
        return replace(row, read_at=row.read_at - timedelta(minutes=1))

    def lock(self, record_id: str) -> None:
        self._portal.fault("lock_rows", ids=[record_id], seconds=600)

    def spend_limit(self) -> None:
        self._portal.control("limits", {"daily": 100, "used": 100})

    def expire_tokens(self) -> None:
        self._portal.control("expire_tokens", {})

    def refuse_new_tokens(self) -> None:
        sealed = self.office.runtime.vault.seal("not the secret")
        self.office.set_connection(client_secret_sealed=sealed, access_token_sealed="")

    def switch_api_off(self) -> None:
        body = {"status": "error", "message": "This version is no longer available."}
        self._portal.fault("status", "/crm/", status=410, body=body, count=None)

    def shift_clock(self, seconds: float) -> None:
        self.office.shift_crm_clock(seconds=seconds)

    def trouble(self, kind: Trouble, *, writes: bool, count: int | None = None) -> None:
        name, _, number = kind.partition(" ")
        more: Json = {"status": int(number)} if number else {}
        if name == "hang":
            more["seconds"] = 1.0
        self._portal.fault(name, RECORDS, method="PATCH" if writes else "GET", count=count, **more)

    def trouble_making(self, kind: Trouble, *, count: int | None = 1) -> None:
        name, _, number = kind.partition(" ")
        more: Json = {"status": int(number)} if number else {}
        if name == "hang":
            more["seconds"] = 1.0
        self._portal.fault(name, NEW, method="POST", count=count, **more)

    def answer_making_with(self, body: Any) -> None:
        self._portal.fault("status", NEW, method="POST", status=200, body=body)

    def answer_with(self, body: Any, *, writes: bool) -> None:
        method = "PATCH" if writes else "GET"
        self._portal.fault("status", RECORDS, method=method, status=200, body=body, count=None)

    def company_of(self, record_id: str) -> str | None:
        found = self._as_admin().read("contacts", record_id, associations="companies").get("associations")
        kinds = {each["type"]: str(each["id"]) for each in found["companies"]["results"]} if found else {}
        return kinds.get("contact_to_company")  # the primary one

    def shown(self, record_id: str, *fields: str) -> Json:
        shown = self.office.shown_in_crm(record_id, *fields)
        for name in shown.keys() & {self.number_field}:
            shown[name] = None if shown[name] is None else float(shown[name])
        return shown

    def calls(self) -> list[Json]:
        # What the test itself asks as admin is not ours.
        return [each for each in self._journal("call") if each["user_id"] != self._admin["id"] or self._is_ours(each)]

    def writes(self) -> list[Json]:
        app_id = str(self._portal.credentials["app_id"])
        written = [each for each in self._journal("write") if each["net"] and each["op"] == "update"]
        return [each for each in written if is_by_app(each, app_id)]

    def made(self) -> list[Json]:
        app_id = str(self._portal.credentials["app_id"])
        made = [each for each in self._journal("write") if each["op"] == "insert" and is_by_app(each, app_id)]
        kept = {"hs_object_source", "hs_object_source_id"}
        return [each | {"new": {n: value for n, value in each["new"].items() if n not in kept}} for each in made]

    def _journal(self, kind: str) -> list[Json]:
        query = f"journal?since={self._start}&kind={kind}&limit=100000"
        entries: list[Json] = self._portal.control(query, method="GET")["entries"]
        return entries

    def _is_ours(self, call: Json) -> bool:
        return False

    def _as_admin(self) -> Any:
        return self._portal.api(self._portal.token("admin"))

    def _redefine(self, name: str, object_name: str = "contacts", **flags: Any) -> None:
        """As an admin of the account changes a property's settings."""
        known = {"email": {"format": "email", "hasUniqueValue": True}}.get(name, {})
        definition = {"name": name, "label": name.title(), "custom": False, **known, **flags}
        self._portal.control("objects", {"object": object_name, "custom": False, "properties": [definition]})
