"""The Salesforce adapter: a read is one SOQL query, a write one composite call: read, write if unchanged, read back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from config.settings import Settings
from jobs.crm.answers import written_already
from jobs.crm.base import CrmRow, Described, Fields, KnownObject, ObjectInfo, WriteResult
from jobs.crm.errors import MovedOn
from jobs.crm.http import Meter
from jobs.crm.salesforce_client import LABEL as LABEL
from jobs.crm.salesforce_client import WRITE_HEADERS, SalesforceClient, body_of, understood
from jobs.crm.salesforce_create import PARENT_OBJECT, Creating, parent_field
from jobs.crm.salesforce_describe import known_objects, object_info
from jobs.crm.salesforce_filters import condition
from jobs.crm.salesforce_find import find
from jobs.crm.salesforce_names import OBJECT_PATTERN as OBJECT_PATTERN
from jobs.crm.salesforce_names import checked_id, checked_name
from jobs.crm.salesforce_names import full_id as full_id
from jobs.crm.salesforce_rows import encoded, looks_like_reference, only_row, row_query, seen_row
from jobs.crm.salesforce_users import user_queries, with_users
from jobs.crm.tokens import TokenSource
from jobs.runtime import utc_now
from jobs.sync.filters import Question
from jobs.values import Value

if TYPE_CHECKING:
    from jobs.sync.matching import Rule

CRM = "salesforce"
HOST_SUFFIXES = (".my.salesforce.com", ".salesforce.com", ".force.com", ".visualforce.com")

# `If-Unmodified-Since` is blind within one second, and the Date header names only the second: a record read this
# long after its last change has surely been read in a later second.
SETTLED_AFTER = timedelta(seconds=2.1)


class SalesforceAdapter:
    """One authorised view of one org. See `jobs.crm.base.CrmAdapter` for the contract."""

    def __init__(
        self, settings: Settings, base_url: str, tokens: TokenSource, *, api_version: str, meter: Meter | None = None
    ) -> None:
        self._client = SalesforceClient(settings, base_url, tokens, api_version=api_version, meter=meter)
        self._creating = Creating(self._client)
        self.meter = self._client.meter

    @property
    def client(self) -> SalesforceClient:
        """For what else is asked with the same authorisation."""
        return self._client

    @property
    def calls(self) -> int:
        return self.meter.calls

    @property
    def clock_offset_seconds(self) -> float | None:
        return self.meter.clock_offset_seconds

    def objects(self) -> tuple[KnownObject, ...]:
        body = self._client.ask("sobjects")
        with understood():
            return known_objects(body)

    def describe(self, object_name: str, *, unless_newer_than: str = "") -> Described | None:
        """The object's fields as this authorisation sees them; None when unchanged since the given Last-Modified."""
        headers = {"If-Modified-Since": unless_newer_than} if unless_newer_than else {}
        path = f"sobjects/{checked_name(object_name)}/describe"
        body = self._client.ask(path, headers=headers, unchanged_is_fine=True)
        if body is None:
            return None
        with understood():
            return Described(object_info(body), self.meter.headers.get("Last-Modified", ""))

    def read(self, object_name: str, record_id: str, fields: Fields) -> CrmRow:
        body = self._client.ask("queryAll", params={"q": row_query(object_name, record_id, fields)})
        with understood():
            return only_row(body, fields, looked_up_at=self.meter.looked_up_at)

    def count(self, object_name: str, question: Question | None = None) -> int:
        """How many records pass. One call. Raises FilterRefused for what SOQL cannot ask."""
        query = f"SELECT COUNT() FROM {checked_name(object_name)}"  # noqa: S608 - a checked name
        where = f" WHERE {condition(question)}" if question is not None else ""
        body = self._client.ask("query", params={"q": query + where})
        with understood():
            return int(body["totalSize"])

    def find(self, object_name: str, rule: Rule, value: Value, fields: Fields) -> tuple[CrmRow, ...]:
        return find(self._client, object_name, rule, value, fields)

    def write(self, object_name: str, row: CrmRow, changes: Mapping[str, Value], fields: Fields) -> WriteResult:
        if row.modified_at >= row.read_at:
            time.sleep(self._until_settled(row))
            raise MovedOn("The record was changed within the second in which it was read.", code="TOO_FRESH")
        body = encoded(self._client, changes, fields)
        if looks_like_reference(body):
            return self._write_alone(object_name, row, body, fields)
        parts = self._client.composite(*self._write_parts(object_name, row, body, fields))
        with understood():
            body_of(parts["write"])
        looked_up_at = self.meter.looked_up_at
        with written_already(), understood():
            return WriteResult(
                before=only_row(body_of(parts["before"]), fields, looked_up_at=looked_up_at),
                after=only_row(body_of(parts["after"]), fields, looked_up_at=looked_up_at),
            )

    def parent_object(self, object_name: str) -> str:
        return PARENT_OBJECT if parent_field(object_name) else ""

    def create(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, parent_id: str = ""
    ) -> CrmRow:
        return self._creating.create(object_name, values, fields, key=key, parent_id=parent_id)

    def created(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, since: datetime
    ) -> CrmRow | None:
        return self._creating.created(object_name, values, fields, key=key, since=since)

    def see(self, object_name: str, record_id: str, fields: Fields) -> tuple[ObjectInfo, CrmRow]:
        """With a rep's own token; a user whom the rep is not shown is left out of the row's values."""
        path = f"{self._client.prefix}/sobjects/{checked_name(object_name)}"
        parts = self._client.composite(
            {"method": "GET", "url": f"{path}/describe", "referenceId": "fields"},
            {"method": "GET", "url": f"{path}/{checked_id(record_id)}", "referenceId": "record"},
            *user_queries(self._client.prefix, object_name, record_id, fields),
        )
        with understood():
            info = object_info(body_of(parts["fields"]))
            record, unread = with_users(body_of(parts["record"]), parts, fields)
            visible = {name: kind for name, kind in fields.items() if name in info.fields and name not in unread}
            return info, seen_row(record, visible)

    def identity(self) -> dict[str, Any]:
        """Who we are to the org: the row of its Organization and of the running user; two calls."""
        answer = self._client.ask("query", params={"q": "SELECT Id, Name FROM Organization"})
        user = self._client.running_user()
        with understood():
            organisation = answer["records"][0]
            return {"org_id": organisation["Id"], "org_name": organisation["Name"], "user": {**user}}

    def _until_settled(self, row: CrmRow) -> float:
        """Seconds to wait so that the next read can be written upon without overwriting an unseen change."""
        crm_now = utc_now() + timedelta(seconds=self.clock_offset_seconds or 0)
        wait = (row.modified_at + SETTLED_AFTER - crm_now).total_seconds()
        return min(max(wait, 0.1), SETTLED_AFTER.total_seconds())

    def _write_alone(self, object_name: str, row: CrmRow, body: Mapping[str, Any], fields: Fields) -> WriteResult:
        """As two calls, where a composite would not leave the texts as they are."""
        path = f"sobjects/{checked_name(object_name)}/{checked_id(row.record_id)}"
        self._client.ask(path, method="PATCH", json=body, headers=_unless_changed(row) | WRITE_HEADERS)
        with written_already():
            return WriteResult(before=row, after=self.read(object_name, row.record_id, fields))

    def _write_parts(
        self, object_name: str, row: CrmRow, body: Mapping[str, Any], fields: Fields
    ) -> list[dict[str, Any]]:
        prefix = self._client.prefix
        query = f"{prefix}/queryAll?q={quote(row_query(object_name, row.record_id, fields), safe='')}"
        return [
            {"method": "GET", "url": query, "referenceId": "before"},
            {
                "method": "PATCH",
                "url": f"{prefix}/sobjects/{checked_name(object_name)}/{checked_id(row.record_id)}",
                "referenceId": "write",
                "httpHeaders": _unless_changed(row) | WRITE_HEADERS,
                "body": body,
            },
            {"method": "GET", "url": query, "referenceId": "after"},
        ]


def _unless_changed(row: CrmRow) -> dict[str, str]:
    return {"If-Unmodified-Since": format_datetime(row.modified_at, usegmt=True)}
