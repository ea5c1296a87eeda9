"""One CRM of the play, by its controls and its journal alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import urllib3

from jobs.runtime import utc_now
from tests.engine.machine.fields import FIELDS, SALESFORCE, Value, plain
from tests.support.office import AN_HOUR

Json = dict[str, Any]
_WRITING = ("POST", "PATCH")


@dataclass(frozen=True)
class Write:
    """One save as the CRM's journal tells it; `changes`: our field -> (old, new)."""

    is_ours: bool
    op: str
    changes: Mapping[str, tuple[Value, Value]]


@dataclass
class CrmSide:
    """A stand-in and one contact in it. Control calls share a connection: there are many of them."""

    crm: str
    object: str
    url: str
    connection_id: int
    is_ours: Callable[[Json], bool]
    skew: float = 0.0  # the CRM's clock minus ours, when the play begins
    offset: float = 0.0
    record_id: str = ""
    mark: int = 0
    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    def begin(self, values: Mapping[str, Any], *, skew: float) -> None:
        """A contact that has been there for an hour."""
        self.skew = skew
        self.set_clock(skew)
        made = utc_now() + timedelta(seconds=skew) - AN_HOUR
        self.record_id = str(
            self._must("records", {"object": self.object, "records": [self._made(values, made)]})["ids"][0]
        )
        self.mark = int(self._must("journal?limit=0", method="GET")["next"])

    def edit(self, name: str, value: Any, *, user: str = "rep") -> bool:
        """A person saves the field; False when the CRM does not take the value from them either."""
        body = {
            "object": self.object,
            "id": self.record_id,
            "fields": {FIELDS[name].in_crm(self.crm): value},
            "user": user,
        }
        return self._control("edit", body)[0] == 200

    def delete(self) -> None:
        self._must("delete", {"object": self.object, "id": self.record_id})

    def restore(self) -> None:
        self._must("undelete", {"object": self.object, "id": self.record_id})

    def set_clock(self, offset: float) -> None:
        self.offset = offset
        self._must("clock", {"offset_seconds": offset})

    def fault(self, kind: str, **order: Any) -> None:
        self._must("faults", {"kind": kind, **order})

    def lock(self) -> None:
        self._must("faults", {"kind": "lock_rows", "ids": [self.record_id], "seconds": 60})

    def expire_tokens(self) -> None:
        self._must("expire_tokens", {})

    def clear_faults(self) -> None:
        self._must("faults", method="DELETE")

    def is_writing(self) -> bool:
        """Whether a write of ours is being held up right now."""
        calls = self._must(f"journal?since={self.mark}&kind=call", method="GET")["entries"]
        return any(
            each["status"] is None and each["method"] in _WRITING and "oauth" not in each["path"] for each in calls
        )

    def news(self) -> list[Write]:
        """The saves of the contact since this was last asked, oldest first."""
        told = self._must(f"journal?since={self.mark}&kind=write", method="GET")
        self.mark = int(told["next"])
        return [self._write(each) for each in told["entries"] if each["id"] == self.record_id]

    def _write(self, entry: Json) -> Write:
        changes = {}
        for name, known in FIELDS.items():
            crm_field = known.in_crm(self.crm)
            if crm_field in entry["new"]:
                old, new = (plain(known, entry[side].get(crm_field)) for side in ("old", "new"))
                if old != new:
                    changes[name] = (old, new)
        return Write(
            self.is_ours(entry), entry["op"], {name: both for name, both in changes.items() if both[0] != both[1]}
        )

    def _made(self, values: Mapping[str, Any], made: Any) -> Json:
        record = {FIELDS[name].in_crm(self.crm): value for name, value in values.items() if value is not None}
        if self.crm == SALESFORCE:
            stamp = f"{made:%Y-%m-%dT%H:%M:%S}.000+0000"
            return record | dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp)
        return record | dict.fromkeys(("_created", "_modified"), f"{made:%Y-%m-%dT%H:%M:%S.000Z}")

    def _must(self, path: str, body: Json | None = None, *, method: str = "POST") -> Any:
        status, answer = self._control(path, body, method=method)
        assert status in (200, 204), answer
        return answer

    def _control(self, path: str, body: Json | None = None, *, method: str = "POST") -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        answer = self.pool.request(
            method, f"{self.url}/_emulator/{path}", body=json.dumps(body or {}), headers=headers, retries=False
        )
        return answer.status, json.loads(answer.data) if answer.data else None
