"""What changed in Salesforce: `getDeleted` for what is gone, also for good, then SOQL by stamp and id for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from jobs.crm.changes import Change, Page, Reach, Span
from jobs.crm.errors import RecordError
from jobs.crm.salesforce_client import SalesforceClient, understood
from jobs.crm.salesforce_names import checked_id, checked_name
from jobs.runtime import utc_now
from jobs.values import parse_time

log = structlog.get_logger()

# An answer holds up to 2,000 rows; a page is one transaction here, and a click must not wait long for its end.
PAGE = 500
DELETED_PAGE = 2_000
# `getDeleted` reaches back 15 days, wants more than a minute, and cuts the seconds off (REST API Developer Guide).
DELETED_REACH = timedelta(days=14)
SHORTEST_SPAN = timedelta(minutes=3)
CLOCKS_AGREE_SECONDS = 30

_DELETED, _CHANGED = "deleted", "changed"


class SalesforceChanges:
    """See `jobs.crm.changes.ChangeReader` for the contract."""

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client
        self.meter = client.meter
        self._asked: tuple[datetime, Mapping[str, Any]] | None = None

    def begin(self, object_name: str, since: datetime) -> Reach:
        covered = self._deleted(object_name, since).get("latestDateCovered")
        now = self.meter.looked_up_at
        with understood():
            # Held back by Salesforce while a long transaction may yet commit changes with an earlier stamp.
            return Reach(now, min(now, parse_time(covered)) if covered else now)

    def page(self, object_name: str, span: Span, after: str) -> Page:
        phase, at, record_id = after.split(" ") if after else (_DELETED, _literal(span.since), "")
        if phase == _DELETED:
            return self._deleted_page(object_name, span, (at, record_id))
        return self._changed_page(object_name, span, at, record_id)

    def _deleted_page(self, object_name: str, span: Span, behind: tuple[str, str]) -> Page:
        with understood():
            told = self._deleted(object_name, span.since)["deletedRecords"]
            gone = sorted((_literal(parse_time(each["deletedDate"])), str(each["id"])) for each in told)
            page = [each for each in gone if each > behind][:DELETED_PAGE]
        changes = tuple(Change(record_id, parse_time(at), is_deleted=True) for at, record_id in page)
        first_changed = f"{_CHANGED} {_literal(span.since)} "
        after = _after(_DELETED, *page[-1]) if len(page) == DELETED_PAGE else first_changed
        return Page(changes, after, len(page))

    def _changed_page(self, object_name: str, span: Span, at: str, record_id: str) -> Page:
        """Equal stamps are told apart by the id. Deleted ones come along as long as they are in the recycle bin."""
        since = f"SystemModstamp >= {at}"
        if record_id:
            since = f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{checked_id(record_id)}'))"
        query = (
            f"SELECT Id, SystemModstamp, IsDeleted FROM {checked_name(object_name)} "  # noqa: S608 - checked names
            f"WHERE {since} AND SystemModstamp <= {_literal(span.until)} ORDER BY SystemModstamp, Id LIMIT {PAGE}"
        )
        body = self._client.ask("queryAll", params={"q": query})
        with understood():
            changes = tuple(_change(each) for each in body["records"])
        last = changes[-1] if len(changes) == PAGE else None
        after = _after(_CHANGED, _literal(last.at), last.record_id) if last is not None else None
        return Page(changes, after, len(changes))

    def _deleted(self, object_name: str, since: datetime) -> Mapping[str, Any]:
        """What `getDeleted` answers; asked once for the same span. Nothing where an object cannot be asked so."""
        if self._asked is not None and self._asked[0] <= since:
            return self._asked[1]
        guessed = self.meter.clock_offset_seconds or 0
        answer = self._ask_deleted(object_name, since)
        if abs((self.meter.clock_offset_seconds or 0) - guessed) > CLOCKS_AGREE_SECONDS:
            answer = self._ask_deleted(object_name, since)  # our clock is wrong, and theirs is known only now
        self._asked = (since, answer)
        return answer

    def _ask_deleted(self, object_name: str, since: datetime) -> Mapping[str, Any]:
        now = utc_now() + timedelta(seconds=self.meter.clock_offset_seconds or 0)
        start = max(min(since, now - SHORTEST_SPAN), now - DELETED_REACH)
        params = {"start": _literal(start), "end": _literal(now)}
        try:
            answer = self._client.ask(f"sobjects/{checked_name(object_name)}/deleted/", params=params)
        except RecordError as error:
            log.info("deleted_not_told", object=object_name, code=error.code)
            return {"deletedRecords": []}
        with understood():
            return {**answer}


def _change(record: Mapping[str, Any]) -> Change:
    return Change(str(record["Id"]), parse_time(record["SystemModstamp"]), is_deleted=bool(record["IsDeleted"]))


def _after(phase: str, at: str, record_id: str) -> str:
    return f"{phase} {at} {record_id}"


def _literal(moment: datetime) -> str:
    """Whole seconds: finer ones are not documented for SOQL."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
