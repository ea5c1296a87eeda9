"""New records in HubSpot. Our key on them is unique there: of two creates with one key the second is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from jobs.crm.answers import perhaps_made_before, written_already
from jobs.crm.base import CrmRow, Fields
from jobs.crm.errors import DuplicateFound, NotFound, Rejected, RetryLater
from jobs.crm.hubspot_client import OBJECTS, understood
from jobs.crm.hubspot_names import checked_object, created_property, full_id, naming_properties
from jobs.runtime import utc_now
from jobs.values import Value, is_blank, parse_time

if TYPE_CHECKING:
    from jobs.crm.hubspot import HubSpotAdapter

KEY_PROPERTY = "crm_sync_id"
"""The unique text property that `docs/install-hubspot.md` has an administrator make."""
PARENT_OBJECT = "companies"
# As primary company (associations guide).
PARENT_TYPES = {"contacts": 1, "deals": 5}
# A create that nobody heard of again may still be under way, and after it a search takes its moments.
UNDER_WAY = timedelta(minutes=1)
# Our clock and theirs are compared by answers that tell the second.
CLOCKS_DIFFER = timedelta(seconds=2)


class Creating:
    def __init__(self, adapter: HubSpotAdapter) -> None:
        self._adapter = adapter
        self._without_key: set[str] = set()  # objects that were found to have no key property we may write

    def create(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, parent_id: str
    ) -> CrmRow:
        """See `jobs.crm.base.CrmAdapter.create`."""
        properties = self._adapter.encoded({n: value for n, value in values.items() if not is_blank(value)}, fields)
        more = _belonging(object_name, parent_id)
        if object_name not in self._without_key:
            try:
                return self._make(object_name, {"properties": properties | {KEY_PROPERTY: key}} | more, fields)
            except DuplicateFound as error:
                with perhaps_made_before():
                    return self._made_before(object_name, key, fields, error)
            except Rejected as error:
                if KEY_PROPERTY not in error.fields:
                    raise
                self._without_key.add(object_name)
        return self._make(object_name, {"properties": properties} | more, fields)

    def created(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, since: datetime
    ) -> CrmRow | None:
        """See `jobs.crm.base.CrmAdapter.created`."""
        if self._has_key(object_name):
            known = self._id_with(object_name, KEY_PROPERTY, key)
            return self._adapter.read(object_name, known, fields) if known else None
        email = str(values.get("email") or "")
        if object_name == "contacts" and email:
            return self._with_email(email, fields, since=since)
        return self._called_alike(object_name, values, fields, since=since)

    def _make(self, object_name: str, body: Mapping[str, Any], fields: Fields) -> CrmRow:
        try:
            answer = self._adapter.client.post(OBJECTS, checked_object(object_name), body=body)
        except NotFound as error:
            if "associations" not in body:
                raise
            raise Rejected("The company it belongs to is gone.", code="NO_SUCH_PARENT") from error
        with understood():
            record_id = str(answer["id"])
        with written_already():
            return self._adapter.read(object_name, record_id, fields)

    def _made_before(self, object_name: str, key: str, fields: Fields, error: DuplicateFound) -> CrmRow:
        """The record of an earlier create with this key, where that is the duplicate."""
        try:
            known = self._id_with(object_name, KEY_PROPERTY, key)
        except Rejected:  # the property was made without being unique
            known = None
        if known is None:
            raise error
        return self._adapter.read(object_name, known, fields)

    def _has_key(self, object_name: str) -> bool:
        """Whether a create has surely kept its key: there is the property, it is unique and we may write it."""
        try:
            told = self._adapter.client.get("crm/properties", checked_object(object_name), KEY_PROPERTY)
        except NotFound:
            return False
        with understood():
            rights = told.get("modificationMetadata") or {}
            return bool(told.get("hasUniqueValue") and not told.get("archived") and not rights.get("readOnlyValue"))

    def _id_with(self, object_name: str, name: str, value: str) -> str | None:
        """The id of the living record with this value in a unique property."""
        try:
            found = self._adapter.client.get(OBJECTS, checked_object(object_name), value, idProperty=name)
        except NotFound:
            return None
        with understood():
            return str(found["id"])

    def _with_email(self, email: str, fields: Fields, *, since: datetime) -> CrmRow | None:
        """A contact's address is unique, so no second one can be made while the first is on its way."""
        try:
            found = self._adapter.client.get(OBJECTS, "contacts", email, idProperty="email")
        except NotFound:
            return None
        with understood():
            if parse_time(found["createdAt"]) < self._by_their_clock(since):
                return None
            record_id = str(found["id"])
        return self._adapter.read("contacts", record_id, fields)

    def _called_alike(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, since: datetime
    ) -> CrmRow | None:
        stamp = created_property(object_name)
        first = str(int(self._by_their_clock(since).timestamp() * 1000))
        filters = [
            {"propertyName": stamp, "operator": "GTE", "value": first},
            *(
                {"propertyName": name, "operator": "EQ", "value": value}
                for name, value in _names(object_name, values, fields).items()
            ),
        ]
        found = self._adapter.client.search(object_name, {"filterGroups": [{"filters": filters}], "limit": 200})
        with understood():
            ids = tuple(str(each["id"]) for each in found["results"])
        if len(ids) > 1:
            raise DuplicateFound("Several new records could be this one.", code="SEVERAL_ALIKE", record_ids=ids)
        if ids:
            return self._adapter.read(object_name, ids[0], fields)
        if utc_now() < since + UNDER_WAY:
            raise RetryLater("The record may not be found yet.", code="NOT_SURE_YET", retry_at=since + UNDER_WAY)
        return None

    def _by_their_clock(self, moment: datetime) -> datetime:
        return moment + timedelta(seconds=self._adapter.clock_offset_seconds or 0) - CLOCKS_DIFFER


def _belonging(object_name: str, parent_id: str) -> dict[str, Any]:
    if not parent_id:
        return {}
    if object_name not in PARENT_TYPES:
        raise Rejected(f"{object_name} belong to no company in HubSpot.", code="NO_SUCH_PARENT")
    primary = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": PARENT_TYPES[object_name]}
    return {"associations": [{"to": {"id": full_id(parent_id)}, "types": [primary]}]}


def _names(object_name: str, values: Mapping[str, Value], fields: Fields) -> dict[str, str]:
    """What it is called; where it has no name, every text that was given, as far as a search takes them."""
    texts = {name: value for name, value in values.items() if isinstance(value, str) and value}
    named = {name: texts[name] for name in naming_properties(object_name) if name in texts}
    return named or dict([each for each in texts.items() if fields.get(each[0]) == "text"][:5])
