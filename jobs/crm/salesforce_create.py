"""New records in Salesforce. Our key on them is unique there: of two creates with one key the second is refused.

An upsert by that key would also make one record of two creates, but write over what people changed in between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from jobs.crm.answers import perhaps_made_before, written_already
from jobs.crm.base import CrmRow, Fields
from jobs.crm.errors import DuplicateFound, NotFound, Rejected, RetryLater
from jobs.crm.salesforce_client import WRITE_HEADERS, SalesforceClient, body_of, understood
from jobs.crm.salesforce_filters import quoted
from jobs.crm.salesforce_names import checked_id, checked_name
from jobs.crm.salesforce_rows import encoded, looks_like_reference, only_row, row_of, row_query, rows_query
from jobs.runtime import utc_now
from jobs.values import Value, is_blank

KEY_FIELD = "CRM_Sync_Id__c"
"""The external id field that `packages/salesforce` adds to objects: unique text."""
PARENT_OBJECT = "Account"
_PARENT_FIELDS = {"Contact": "AccountId", "Opportunity": "AccountId"}
_NAMES = ("Name", "FirstName", "LastName")
# A create that nobody heard of again may still be under way for so long.
UNDER_WAY = timedelta(minutes=1)
# Our clock and theirs are compared by answers that tell the second.
CLOCKS_DIFFER = timedelta(seconds=2)
_NO_COLUMN = re.compile(r"No such column '([^']+)'")


def parent_field(object_name: str) -> str:
    return _PARENT_FIELDS.get(object_name, "")


class Creating:
    def __init__(self, client: SalesforceClient) -> None:
        self._client = client
        self._without_key: set[str] = set()  # objects that were found to have no key field we may write

    def create(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, parent_id: str
    ) -> CrmRow:
        """See `jobs.crm.base.CrmAdapter.create`."""
        body = self._body(object_name, values, fields, parent_id)
        if object_name not in self._without_key:
            try:
                return self._make(object_name, body | {KEY_FIELD: key}, fields)
            except DuplicateFound as error:
                with perhaps_made_before():
                    return self._made_before(object_name, key, fields, error)
            except Rejected as error:
                if not _is_about_key(error):
                    raise
                self._without_key.add(object_name)
        try:
            return self._make(object_name, body, fields)
        except DuplicateFound as error:
            raise error.within(object_name) from error

    def created(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, key: str, since: datetime
    ) -> CrmRow | None:
        """See `jobs.crm.base.CrmAdapter.created`."""
        keyed = self._with_key(object_name, key, fields)
        if keyed:
            return keyed[0]
        alike = self._without(object_name, values, fields, since=since, has_key=keyed is not None)
        if len(alike) > 1:
            ids = tuple(row.record_id for row in alike)
            raise DuplicateFound("Several new records could be this one.", code="SEVERAL_ALIKE", record_ids=ids)
        if alike:
            return alike[0]
        if keyed is None and utc_now() < since + UNDER_WAY:
            raise RetryLater("The record may still be on its way.", code="NOT_SURE_YET", retry_at=since + UNDER_WAY)
        return None

    def _body(self, object_name: str, values: Mapping[str, Value], fields: Fields, parent_id: str) -> dict[str, Any]:
        told = {name: value for name, value in values.items() if not is_blank(value)}
        body = encoded(self._client, told, fields)
        if not parent_id:
            return body
        if not parent_field(object_name):
            raise Rejected(f"{object_name} belongs to no account in Salesforce.", code="NO_SUCH_PARENT")
        return body | {parent_field(object_name): checked_id(parent_id)}

    def _make(self, object_name: str, body: Mapping[str, Any], fields: Fields) -> CrmRow:
        try:
            if looks_like_reference(body):
                return self._make_alone(object_name, body, fields)
            return self._make_at_once(object_name, body, fields)
        except (NotFound, Rejected) as error:
            if parent_field(object_name) in error.fields and error.code in _GONE:
                raise Rejected(error.message, code="NO_SUCH_PARENT", fields=error.fields) from error
            raise

    def _make_at_once(self, object_name: str, body: Mapping[str, Any], fields: Fields) -> CrmRow:
        path = f"{self._client.prefix}/sobjects/{checked_name(object_name)}"
        query = rows_query(object_name, "Id = '@{made.id}'", fields)
        parts = self._client.composite(
            {"method": "POST", "url": path, "referenceId": "made", "httpHeaders": WRITE_HEADERS, "body": body},
            # What is to be replaced by the new id has to stand there as it is.
            {
                "method": "GET",
                "url": f"{self._client.prefix}/queryAll?q={quote(query, safe='@{}.')}",
                "referenceId": "after",
            },
        )
        with understood():
            str(body_of(parts["made"])["id"])
        with written_already(), understood():
            return only_row(body_of(parts["after"]), fields, looked_up_at=self._client.meter.looked_up_at)

    def _make_alone(self, object_name: str, body: Mapping[str, Any], fields: Fields) -> CrmRow:
        """As two calls, where a composite would not leave the texts as they are."""
        answer = self._client.ask(f"sobjects/{checked_name(object_name)}", method="POST", json=body)
        with understood():
            record_id = str(answer["id"])
        with written_already():
            found = self._client.ask("queryAll", params={"q": row_query(object_name, record_id, fields)})
            with understood():
                return only_row(found, fields, looked_up_at=self._client.meter.looked_up_at)

    def _made_before(self, object_name: str, key: str, fields: Fields, error: DuplicateFound) -> CrmRow:
        """The record of an earlier create with this key, where that is the duplicate."""
        living = [row for row in self._with_key(object_name, key, fields) or () if not row.is_deleted]
        if not living:
            raise error.within(object_name) from error
        return living[0]

    def _with_key(self, object_name: str, key: str, fields: Fields) -> list[CrmRow] | None:
        """The records with this key, living ones first; None where there is no such field."""
        try:
            return self._rows(object_name, f"{KEY_FIELD} = {quoted(key)}", fields)
        except Rejected as error:
            if not _is_about_key(error):
                raise
            return None

    def _without(
        self, object_name: str, values: Mapping[str, Value], fields: Fields, *, since: datetime, has_key: bool
    ) -> list[CrmRow]:
        """What our user made since then, without a key, that is called alike."""
        user = self._client.running_user()
        with understood():
            user_id = checked_id(str(user["user_id"]))
        offset = timedelta(seconds=self._client.meter.clock_offset_seconds or 0)
        first = (since + offset - CLOCKS_DIFFER).strftime("%Y-%m-%dT%H:%M:%SZ")
        clauses = [f"CreatedById = '{user_id}'", f"CreatedDate >= {first}", *_called_alike(values, fields)]
        if has_key:
            clauses.append(f"{KEY_FIELD} = null")
        return self._rows(object_name, " AND ".join(clauses), fields)

    def _rows(self, object_name: str, condition: str, fields: Fields) -> list[CrmRow]:
        query = f"{rows_query(object_name, condition, fields)} ORDER BY IsDeleted, CreatedDate, Id LIMIT 200"
        body = self._client.ask("queryAll", params={"q": query})
        with understood():
            looked_up_at = self._client.meter.looked_up_at
            return [row_of(each, fields, looked_up_at=looked_up_at) for each in body["records"]]


# The parent is gone, or was never there (REST API Developer Guide, status codes and error responses).
_GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID")


def _called_alike(values: Mapping[str, Value], fields: Fields) -> list[str]:
    """By email; where there is none by its names, else by every text that was given."""
    texts = {name: value for name, value in values.items() if isinstance(value, str) and value}
    by_email = {name: value for name, value in texts.items() if fields.get(name) == "email"}
    by_name = {name: value for name, value in texts.items() if name in _NAMES}
    by_text = {name: value for name, value in texts.items() if fields.get(name) == "text"}
    return [f"{checked_name(name)} = {quoted(value)}" for name, value in (by_email or by_name or by_text).items()]


def _is_about_key(error: Rejected) -> bool:
    named = [*error.fields, *_NO_COLUMN.findall(error.message)]
    return error.code.startswith("INVALID_FIELD") and KEY_FIELD.lower() in map(str.lower, named)
