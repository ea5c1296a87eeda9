"""The HubSpot adapter: a read is one GET with each property's history, a write one PATCH and one read back.

HubSpot has no conditional write. What is written upon was read a moment before, or is read and compared once more; and
the history that comes with the read back tells what was really overwritten. A change by somebody else in the
milliseconds between read and write is therefore never unseen: the log keeps their value, and undo brings it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from jobs.crm.answers import written_already
from jobs.crm.base import AsSpelled, CrmRow, Described, Fields, KnownObject, Version, WriteResult
from jobs.crm.errors import MovedOn, NotAllowed, NotFound, Rejected
from jobs.crm.hubspot_client import LABEL as LABEL
from jobs.crm.hubspot_client import OBJECTS, HubSpotClient, understood
from jobs.crm.hubspot_create import PARENT_OBJECT, PARENT_TYPES, Creating
from jobs.crm.hubspot_describe import Schema, known_objects, object_info, schema_of, stamp, with_stages
from jobs.crm.hubspot_errors import NO_SUCH_OBJECT
from jobs.crm.hubspot_filters import filter_groups
from jobs.crm.hubspot_find import find
from jobs.crm.hubspot_names import LABELS, checked_object, checked_property, naming_properties, usual_label
from jobs.crm.hubspot_names import OBJECT_PATTERN as OBJECT_PATTERN
from jobs.crm.hubspot_names import full_id as full_id
from jobs.crm.hubspot_people import People
from jobs.crm.hubspot_values import History, decode, decode_all, encode, is_by_app
from jobs.runtime import utc_now
from jobs.sync.filters import Question
from jobs.values import Value, ValueRefused, clean_text, parse_time

if TYPE_CHECKING:
    from jobs.sync.matching import Rule

log = structlog.get_logger()

CRM = "hubspot"
BASE_URL = "https://api.hubapi.com"
HOST_SUFFIXES = (".hubapi.com",)

HAVE_PIPELINES = frozenset({"deals", "tickets"})
# Servers and proxies refuse addresses of more than about 8,000 characters (HubSpot answers 414).
MOST_IN_ADDRESS = 6_000
# A row this much older is read and compared again before it is written upon. The clock HubSpot tells has whole seconds.
READ_JUST_NOW = timedelta(seconds=2)
# The line for the write may be longer than that: so often it is looked at anew.
MOST_LOOKS = 4


Naming = Callable[[str], tuple[str, ...]]
"""Object -> the properties that a record of it is called by."""


class HubSpotAdapter:
    """One authorised view of one account. See `jobs.crm.base.CrmAdapter` for the contract."""

    def __init__(self, client: HubSpotClient, people: People, naming: Naming = naming_properties) -> None:
        self.client = client
        self.people = people
        self._naming = naming
        self._creating = Creating(self)

    @property
    def calls(self) -> int:
        return self.client.meter.calls

    @property
    def clock_offset_seconds(self) -> float | None:
        return self.client.meter.clock_offset_seconds

    def objects(self) -> tuple[KnownObject, ...]:
        """HubSpot's own objects are not listed anywhere: those we know are there in every account."""
        schemas = self.client.get("crm-object-schemas", "schemas")
        with understood():
            custom = known_objects(schemas["results"])
        return (*(KnownObject(name, label, False, shown_as=name) for name, label in LABELS.items()), *custom)

    def describe(self, object_name: str, *, unless_newer_than: str = "") -> Described | None:
        """The object's properties as this authorisation sees them; None when they are as that stamp says."""
        checked_object(object_name)
        properties = self.client.get("crm/properties", object_name)
        schema = self._schema(object_name)
        with understood():
            info = object_info(object_name, schema, properties["results"])
            if object_name in HAVE_PIPELINES:
                info = with_stages(info, self.client.get("crm/pipelines", object_name)["results"])
        known = stamp(info)
        return None if known == unless_newer_than else Described(info, known)

    def _schema(self, object_name: str) -> Schema:
        """Another scope than that for properties: without it, what is commonly known."""
        try:
            schema = self.client.get("crm-object-schemas", "schemas", object_name)
        except (NotAllowed, NotFound):
            return Schema(usual_label(object_name))
        with understood():
            return schema_of(schema, usual_label(object_name))

    def read(self, object_name: str, record_id: str, fields: Fields) -> CrmRow:
        return self.row_of(object_name, record_id, self._body(object_name, record_id, fields), fields)

    def count(self, object_name: str, question: Question | None = None) -> int:
        groups = filter_groups(question, self.people.id_of) if question is not None else []
        found = self.client.search(checked_object(object_name), {"filterGroups": groups, "limit": 1})
        with understood():
            return int(found["total"])

    def find(self, object_name: str, rule: Rule, value: Value, fields: Fields) -> tuple[CrmRow, ...]:
        return find(self, object_name, rule, value, fields)

    def write(self, object_name: str, row: CrmRow, changes: Mapping[str, Value], fields: Fields) -> WriteResult:
        sent = self.encoded(changes, fields)
        path = (OBJECTS, checked_object(object_name), full_id(row.record_id))
        self._require_unmoved(object_name, row, fields)
        answer = self.client.patch(
            *path,
            body={"properties": sent},
            before_again=lambda: self._require_unmoved(object_name, row, fields),
        )
        with understood():
            answer["id"]
        with written_already():
            body = self._body(object_name, row.record_id, fields)
            after = self.row_of(object_name, row.record_id, body, fields)
            with understood():
                return WriteResult(before=self._overwritten(row, changes, fields, _history(body)), after=after)

    def parent_object(self, object_name: str) -> str:
        return PARENT_OBJECT if object_name in PARENT_TYPES else ""

    def create(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, parent_id: str = ""
    ) -> CrmRow:
        return self._creating.create(object_name, values, fields, key=key, parent_id=parent_id)

    def created(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, since: datetime
    ) -> CrmRow | None:
        return self._creating.created(object_name, values, fields, key=key, since=since)

    def identity(self) -> dict[str, Any]:
        return account(self.client)

    def encoded(self, values: Mapping[str, Value], fields: Fields) -> dict[str, str]:
        """The properties as HubSpot takes them. Raises Rejected (NO_SUCH_OWNER)."""
        return {
            checked_property(name): encode(name, fields.get(name, "text"), value, self.people.id_of)
            for name, value in values.items()
        }

    def living(self, object_name: str, record_ids: Sequence[str], fields: Fields) -> dict[str, CrmRow]:
        """The living ones of at most 50 records, by id; one call. Who was merged away is missing."""
        names = [*dict.fromkeys([*self._naming(object_name), *map(checked_property, fields)])]
        inputs = [{"id": full_id(each)} for each in record_ids]
        body = {"properties": names, "propertiesWithHistory": [*fields], "inputs": inputs}
        answer = self.client.post(OBJECTS, checked_object(object_name), "batch", "read", body=body)
        with understood():
            found = {str(each["id"]): each for each in answer["results"]}
            return {each: self.row_of(object_name, each, body, fields) for each, body in found.items()}

    def _body(self, object_name: str, record_id: str, fields: Fields) -> Mapping[str, Any]:
        """The record as HubSpot answers it, from among the archived ones when it is not among the living."""
        checked_object(object_name)
        names = dict.fromkeys([*self._naming(object_name), *map(checked_property, fields)])
        wanted = {"properties": list(names), "propertiesWithHistory": list(fields)}
        try:
            return self._asked_for(object_name, full_id(record_id), wanted, archived="false")
        except NotFound as error:
            if error.code == NO_SUCH_OBJECT:
                raise Rejected(error.message, code=error.code) from error
            return self._asked_for(object_name, record_id, wanted, archived="true")

    def _asked_for(
        self, object_name: str, record_id: str, wanted: Mapping[str, list[str]], *, archived: str
    ) -> Mapping[str, Any]:
        told = {name: ",".join(values) for name, values in wanted.items() if values}
        if sum(map(len, told.values())) > MOST_IN_ADDRESS:
            return self._one_of_batch(object_name, record_id, wanted, archived=archived)
        body = self.client.get(OBJECTS, object_name, record_id, archived=archived, **told)
        with understood():
            return {**body}

    def _one_of_batch(
        self, object_name: str, record_id: str, wanted: Mapping[str, list[str]], *, archived: str
    ) -> Mapping[str, Any]:
        """For more properties than an address can name."""
        body = {**wanted, "inputs": [{"id": record_id}]}
        answer = self.client.post(OBJECTS, object_name, "batch", "read", body=body, params={"archived": archived})
        with understood():
            found = answer["results"]
            if not found:
                raise NotFound("HubSpot shows no such record to this connection.", code="OBJECT_NOT_FOUND")
            return {**found[0]}

    def row_of(self, object_name: str, record_id: str, body: Mapping[str, Any], fields: Fields) -> CrmRow:
        """A record as HubSpot answers it, asked for by that id. Raises Rejected (INVALID_FIELD)."""
        with understood():
            self._require_known(body["properties"], fields)
            values, unreadable = decode_all(body["properties"], fields, self.people.email_of)
            history = _history(body)
            is_merged = str(body["id"]) != record_id
            return CrmRow(
                record_id=record_id,
                name=_name(self._naming(object_name), body["properties"]),
                values=values,
                unreadable=unreadable,
                read_as=partial(self._read_as, body["properties"]),
                spelled=body["properties"],
                versions_of=partial(self._versions, history, fields),
                modified_at=parse_time(body["updatedAt"]),
                modified_by=self._author(history.newest(fields)),
                read_at=self.client.meter.looked_up_at,
                is_deleted=bool(body.get("archived")) or is_merged,
                merged_into=str(body["id"]) if is_merged else "",
                field_modified_at=history.changed_at(fields),
            )

    def _require_known(self, properties: Mapping[str, Any], fields: Fields) -> None:
        """HubSpot leaves out what it does not know and says nothing; what is only blank comes as null."""
        gone = tuple(name for name in fields if name not in properties)
        if gone:
            raise Rejected(f"HubSpot shows no such property: {', '.join(gone)}.", code="INVALID_FIELD", fields=gone)

    def _author(self, change: Mapping[str, Any]) -> str:
        """The name of the person behind a change; "" for a change by nobody."""
        user_id = str(change.get("updatedByUserId") or "")
        source = str(change.get("sourceId") or "")
        user_id = user_id or (source.removeprefix("userId:") if source.startswith("userId:") else "")
        name = self.people.name_of_user(user_id) if user_id else ""
        return name or clean_text(change.get("sourceLabel") or "") or ""

    def _was_read_just_now(self, row: CrmRow) -> bool:
        offset = self.clock_offset_seconds
        return offset is not None and utc_now() + timedelta(seconds=offset) - row.read_at < READ_JUST_NOW

    def _require_unmoved(self, object_name: str, row: CrmRow, fields: Fields) -> None:
        """Return when it is the write's turn and the record was as `row` says a moment before.

        Raises MovedOn, NotFound, RateLimited.
        """
        seen = row
        for _ in range(MOST_LOOKS):
            self.client.line_up()
            if self._was_read_just_now(seen):
                return
            seen = self.read(object_name, row.record_id, fields)
            if seen.is_deleted and not row.is_deleted:
                raise NotFound("HubSpot shows no such record to this connection.", code="OBJECT_NOT_FOUND")
            if seen.values != row.values:
                raise MovedOn("The record was changed since it was read.", code="PRECONDITION_FAILED")
        raise MovedOn("It took too long until the record could be written.", code="TOO_FRESH")

    def _overwritten(self, row: CrmRow, changes: Mapping[str, Value], fields: Fields, history: History) -> CrmRow:
        """`row` with what our write really replaced, by HubSpot's own account."""
        values, spelled = dict(row.values), dict(row.spelled)
        for name, value in changes.items():
            sent = self._value(value, fields.get(name, "text")) if isinstance(value, AsSpelled) else value
            versions = self._versions(history, fields, name)
            told = [each.value for each in versions]
            if sent in told:
                older = versions[told.index(sent) + 1 :]
                values[name], spelled[name] = (older[0].value, older[0].spelled) if older else (None, None)
        if values != row.values:
            log.warning("crm_write_replaced_unseen_value", record_id=row.record_id)
        return replace(row, values=values, spelled=spelled)

    def _versions(self, history: History, fields: Fields, name: str) -> list[Version]:
        """What the property has held, newest first; a value that does not fit its type as HubSpot spells it."""
        field_type = fields.get(name, "text")
        with understood():
            return [
                Version(
                    self._value(each.get("value"), field_type),
                    parse_time(each["timestamp"]),
                    is_by_app(each),
                    each.get("value"),
                )
                for each in history.entries.get(name) or ()
            ]

    def _read_as(self, properties: Mapping[str, str | None], name: str, field_type: str) -> Value:
        """What was not asked for is not blank. Raises ValueRefused."""
        if name not in properties:
            raise ValueRefused(f"{name} was not read.")
        return decode(field_type, properties[name], self.people.email_of)

    def _value(self, raw: str | None, field_type: str) -> Value:
        try:
            return decode(field_type, raw, self.people.email_of)
        except ValueRefused:
            return raw


def account(client: HubSpotClient) -> dict[str, Any]:
    """The account behind the token: `portalId`, `uiDomain` and more (account information API); one call."""
    details = client.get("account-info", "details")
    with understood():
        return {**details, "portalId": int(details["portalId"])}


def _history(body: Mapping[str, Any]) -> History:
    return History(body.get("propertiesWithHistory") or {})


def _name(parts: tuple[str, ...], properties: Mapping[str, str | None]) -> str:
    return " ".join(filter(None, (clean_text(properties.get(name) or "") for name in parts)))
