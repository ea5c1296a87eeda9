"""Every call to Salesforce. A read is one SOQL query, a write one composite call: read, write if unchanged, read back.

simple-salesforce speaks the protocol; renewing the token, time limits and errors are ours, because its own renewal
repeats a request without the caller's headers, and a lost `If-Unmodified-Since` is a lost update.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any, cast
from urllib.parse import quote

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from config.settings import Settings
from jobs.crm import answers
from jobs.crm.answers import written_already
from jobs.crm.base import CrmRow, Described, Fields, ObjectInfo, WriteResult
from jobs.crm.errors import AuthorizationLost, MovedOn, NotFound, Rejected
from jobs.crm.http import Meter, crm_session
from jobs.crm.salesforce_describe import object_info
from jobs.crm.salesforce_errors import classify
from jobs.crm.salesforce_filters import condition, quoted
from jobs.crm.salesforce_names import OBJECT_PATTERN as OBJECT_PATTERN
from jobs.crm.salesforce_names import checked_id, checked_name, query_column, relationship
from jobs.crm.salesforce_names import full_id as full_id
from jobs.crm.tokens import AccessToken, TokenSource
from jobs.runtime import utc_now
from jobs.sync.filters import Question
from jobs.values import Value, ValueRefused, clean_text, normalise, parse_time

CRM = "salesforce"
LABEL = "Salesforce"
HOST_SUFFIXES = (".my.salesforce.com", ".salesforce.com", ".force.com", ".visualforce.com")

# Owners must not jump because we wrote, and "recently viewed" belongs to people.
WRITE_HEADERS = {
    "Sforce-Auto-Assign": "FALSE",
    "Sforce-Mru": "updateMru=false",
    "Sforce-Call-Options": "client=crm-sync-widget",
}
# What became of a record, where the object can have such a fate (Object Reference).
_FATES: dict[str, tuple[str, ...]] = {
    "Account": ("MasterRecordId",),
    "Contact": ("MasterRecordId",),
    "Lead": ("MasterRecordId", "IsConverted", "ConvertedContactId"),
}
# `If-Unmodified-Since` is blind within one second, and the Date header names only the second: a record read this
# long after its last change has surely been read in a later second.
SETTLED_AFTER = timedelta(seconds=2.1)


class SalesforceAdapter:
    """One authorised view of one org. See `jobs.crm.base.CrmAdapter` for the contract."""

    def __init__(
        self, settings: Settings, base_url: str, tokens: TokenSource, *, api_version: str, meter: Meter | None = None
    ) -> None:
        self.meter = meter or Meter()
        self._base_url = base_url
        self._tokens = tokens
        self._version = api_version
        self._session = crm_session(settings, base_url, self.meter)

    @property
    def calls(self) -> int:
        return self.meter.calls

    @property
    def clock_offset_seconds(self) -> float | None:
        return self.meter.clock_offset_seconds

    def describe(self, object_name: str, *, unless_newer_than: str = "") -> Described | None:
        """The object's fields as this authorisation sees them; None when unchanged since the given Last-Modified."""
        headers = {"If-Modified-Since": unless_newer_than} if unless_newer_than else {}
        body = self._ask(f"sobjects/{checked_name(object_name)}/describe", headers=headers, unchanged_is_fine=True)
        if body is None:
            return None
        with understood():
            return Described(object_info(body), self.meter.headers.get("Last-Modified", ""))

    def read(self, object_name: str, record_id: str, fields: Fields) -> CrmRow:
        body = self._ask("queryAll", params={"q": _row_query(object_name, record_id, fields)})
        with understood():
            return self._row(body, fields)

    def count(self, object_name: str, question: Question | None = None) -> int:
        """How many records pass. One call. Raises FilterRefused for what SOQL cannot ask."""
        query = f"SELECT COUNT() FROM {checked_name(object_name)}"  # noqa: S608 - a checked name
        where = f" WHERE {condition(question)}" if question is not None else ""
        body = self._ask("query", params={"q": query + where})
        with understood():
            return int(body["totalSize"])

    def write(self, object_name: str, row: CrmRow, changes: Mapping[str, Value], fields: Fields) -> WriteResult:
        if row.modified_at >= row.read_at:
            time.sleep(self._until_settled(row))
            raise MovedOn("The record was changed within the second in which it was read.", code="TOO_FRESH")
        changes = {name: self._sent(name, value, fields.get(name, "")) for name, value in changes.items()}
        if any(_looks_like_reference(value) for value in changes.values()):
            return self._write_alone(object_name, row, changes, fields)
        answer = self._ask("composite", method="POST", json=self._write_request(object_name, row, changes, fields))
        with understood():
            parts = _parts(answer)
            _body(parts["write"])
        with written_already(), understood():
            return WriteResult(
                before=self._row(_body(parts["before"]), fields), after=self._row(_body(parts["after"]), fields)
            )

    def _sent(self, name: str, value: Value, field_type: str) -> Value:
        """A user by id, which costs a call; anything else as it is. Raises Rejected (NO_SUCH_OWNER)."""
        if field_type != "user" or value is None:
            return value
        query = f"SELECT Id FROM User WHERE Email = {quoted(str(value))} AND IsActive = true LIMIT 2"  # noqa: S608
        body = self._ask("query", params={"q": query})
        with understood():
            found = [str(each["Id"]) for each in body["records"]]
        if len(found) != 1:  # an address may belong to several users: nobody is guessed at
            raise Rejected(f"{value} is not one active user in Salesforce.", code="NO_SUCH_OWNER", fields=(name,))
        return found[0]

    def _write_alone(self, object_name: str, row: CrmRow, changes: Mapping[str, Value], fields: Fields) -> WriteResult:
        """As two calls: inside a composite, Salesforce would replace a text such as `@{after.id}` by what it names."""
        headers = _unless_changed(row) | WRITE_HEADERS
        body = {name: _encode(value) for name, value in changes.items()}
        self._ask(
            f"sobjects/{checked_name(object_name)}/{checked_id(row.record_id)}",
            method="PATCH",
            json=body,
            headers=headers,
        )
        with written_already():
            return WriteResult(before=row, after=self.read(object_name, row.record_id, fields))

    def see(self, object_name: str, record_id: str, fields: Fields) -> tuple[ObjectInfo, CrmRow]:
        """With a rep's own token; users are left out, because this answer names them by id alone."""
        prefix = f"/services/data/v{self._version}/sobjects/{checked_name(object_name)}"
        answer = self._ask(
            "composite",
            method="POST",
            json={
                "compositeRequest": [
                    {"method": "GET", "url": f"{prefix}/describe", "referenceId": "fields"},
                    {"method": "GET", "url": f"{prefix}/{checked_id(record_id)}", "referenceId": "record"},
                ]
            },
        )
        with understood():
            parts = _parts(answer)
            info = object_info(_body(parts["fields"]))
            visible = {name: kind for name, kind in fields.items() if name in info.fields and kind != "user"}
            return info, self._seen_row(_body(parts["record"]), visible)

    def identity(self) -> dict[str, Any]:
        """Who we are to the org: the row of its Organization and of the running user; two calls."""
        answer = self._ask("query", params={"q": "SELECT Id, Name FROM Organization"})
        user = self._ask_url(f"{self._secure_url()}/services/oauth2/userinfo")
        with understood():
            organisation = answer["records"][0]
            return {"org_id": organisation["Id"], "org_name": organisation["Name"], "user": {**user}}

    def _until_settled(self, row: CrmRow) -> float:
        """Seconds to wait so that the next read can be written upon without overwriting an unseen change."""
        crm_now = utc_now() + timedelta(seconds=self.clock_offset_seconds or 0)
        wait = (row.modified_at + SETTLED_AFTER - crm_now).total_seconds()
        return min(max(wait, 0.1), SETTLED_AFTER.total_seconds())

    def _write_request(
        self, object_name: str, row: CrmRow, changes: Mapping[str, Value], fields: Fields
    ) -> dict[str, Any]:
        prefix = f"/services/data/v{self._version}"
        query = f"{prefix}/queryAll?q={quote(_row_query(object_name, row.record_id, fields), safe='')}"
        return {
            "allOrNone": False,
            "collateSubrequests": False,
            "compositeRequest": [
                {"method": "GET", "url": query, "referenceId": "before"},
                {
                    "method": "PATCH",
                    "url": f"{prefix}/sobjects/{checked_name(object_name)}/{checked_id(row.record_id)}",
                    "referenceId": "write",
                    "httpHeaders": _unless_changed(row) | WRITE_HEADERS,
                    "body": {name: _encode(value) for name, value in changes.items()},
                },
                {"method": "GET", "url": query, "referenceId": "after"},
            ],
        }

    def _ask(self, path: str, *, unchanged_is_fine: bool = False, **request: Any) -> Any:
        """One REST call, with a renewed token if ours has ended. Raises CrmError."""
        token = self._tokens.current()
        try:
            return self._ask_once(token, path, unchanged_is_fine, request)
        except AuthorizationLost:
            # The whole request is built anew, headers and all.
            return self._ask_once(self._tokens.renew(token), path, unchanged_is_fine, request)

    def _ask_once(self, token: AccessToken, path: str, unchanged_is_fine: bool, request: dict[str, Any]) -> Any:
        client = Salesforce(
            session_id=token.value, instance_url=self._secure_url(), version=self._version, session=self._session
        )
        request = {**request, "headers": {**WRITE_HEADERS, **request.get("headers", {})}}
        try:
            return client.restful(path, **request)
        except SalesforceError as error:
            if unchanged_is_fine and error.status == 304:
                return None
            raise classify(error.status, error.content, self.meter.headers) from None
        except (requests.RequestException, ValueError, TypeError) as error:
            # TypeError: simple-salesforce takes the length of any JSON, a bare number too.
            raise answers.no_answer(LABEL, error) from error

    def _ask_url(self, url: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._tokens.current().value}"}
        try:
            response = self._session.get(url, headers=headers)
            if response.status_code != 200:
                raise classify(response.status_code, {})
            return cast(dict[str, Any], response.json())
        except (requests.RequestException, ValueError) as error:
            raise answers.no_answer(LABEL, error) from error

    def _secure_url(self) -> str:
        return self._base_url.replace("http://", "https://", 1)

    def _seen_row(self, record: Mapping[str, Any], fields: Fields) -> CrmRow:
        values, unreadable = _decoded(record, fields)
        modified_at = parse_time(record["LastModifiedDate"])
        return CrmRow(
            record_id=record["Id"],
            name=clean_text(record.get("Name") or "") or "",
            values=values,
            unreadable=unreadable,
            modified_at=modified_at,
            modified_by="",
            read_at=modified_at,
        )

    def _row(self, body: Mapping[str, Any], fields: Fields) -> CrmRow:
        if not body["records"]:
            raise NotFound("Salesforce shows no such record to this connection.", code="NOT_FOUND")
        record = body["records"][0]
        values, unreadable = _decoded(record, fields)
        return CrmRow(
            record_id=record["Id"],
            name=clean_text(record.get("Name") or "") or "",
            values=values,
            unreadable=unreadable,
            read_as=partial(_read_as, record),
            modified_at=_second(parse_time(record["LastModifiedDate"])),
            modified_by=clean_text((record.get("LastModifiedBy") or {}).get("Name") or "") or "",
            read_at=_second(self.meter.looked_up_at),
            is_deleted=bool(record.get("IsDeleted")),
            merged_into=record.get("MasterRecordId") or "",
            is_converted=bool(record.get("IsConverted")),
            converted_to=record.get("ConvertedContactId") or "",
            converted_object="Contact" if record.get("ConvertedContactId") else "",
        )


def understood() -> AbstractContextManager[None]:
    return answers.understood(LABEL)


def _row_query(object_name: str, record_id: str, fields: Fields) -> str:
    columns = ["Id", "Name", "IsDeleted", "LastModifiedDate", "LastModifiedBy.Name", *_FATES.get(object_name, ())]
    columns += [query_column(name, field_type) for name, field_type in fields.items()]
    unique = dict.fromkeys(columns)
    return f"SELECT {', '.join(unique)} FROM {checked_name(object_name)} WHERE Id = '{checked_id(record_id)}'"  # noqa: S608


def _decoded(record: Mapping[str, Any], fields: Fields) -> tuple[dict[str, Value], frozenset[str]]:
    """The values, and the fields whose value does not fit the type they are mapped to."""
    values: dict[str, Value] = {}
    for name, field_type in fields.items():
        with suppress(ValueRefused):
            values[name] = decode_row_value(record, name, field_type)
    return values, frozenset(fields.keys() - values.keys())


def decode_row_value(record: Mapping[str, Any], name: str, field_type: str) -> Value:
    """A field of a Salesforce row in canonical form; a user by email, where the row came with it."""
    if field_type == "user":
        return normalise(field_type, (record.get(relationship(name)) or {}).get("Email"))
    return normalise(field_type, record.get(name))


def _read_as(record: Mapping[str, Any], name: str, field_type: str) -> Value:
    """What was not asked for is not blank. Raises ValueRefused."""
    if (relationship(name) if field_type == "user" else name) not in record:
        raise ValueRefused(f"{name} was not read.")
    return decode_row_value(record, name, field_type)


def _looks_like_reference(value: Value) -> bool:
    return any("@{" in text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str))


def _unless_changed(row: CrmRow) -> dict[str, str]:
    return {"If-Unmodified-Since": format_datetime(row.modified_at, usegmt=True)}


def _encode(value: Value) -> Any:
    return ";".join(value) if isinstance(value, list) else value


def _parts(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {part["referenceId"]: part for part in answer["compositeResponse"]}


def _body(part: Mapping[str, Any]) -> Any:
    if part["httpStatusCode"] >= 300:
        raise classify(part["httpStatusCode"], part["body"])
    return part["body"]


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
