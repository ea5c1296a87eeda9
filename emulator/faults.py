"""Faults to order: what shall go wrong with the next calls that match."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = frozenset(
    {
        "status",
        "rate_limit",
        "hang",
        "drop",
        "half_body",
        "lose_response",
        "expire_tokens",
        "late_commit",
        "lock_rows",
        "latency",
    }
)


class FaultError(ValueError):
    """The order for a fault makes no sense; the text says why."""


@dataclass(slots=True)
class Fault:
    """One ordered fault. `remaining` counts down with each call it strikes; None strikes until cleared."""

    id: int
    kind: str
    match: re.Pattern[str]
    method: str | None
    remaining: int | None
    parameters: dict[str, Any]

    def strikes(self, requests: Iterable[tuple[str, str]]) -> bool:
        return any(
            (self.method is None or self.method == method) and self.match.search(path) for method, path in requests
        )

    def number(self, name: str, default: float) -> float:
        return float(self.parameters.get(name, default))

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "match": self.match.pattern,
            "method": self.method,
            "remaining": self.remaining,
            **self.parameters,
        }


class Faults:
    """The ordered faults of one CRM, first ordered first served, and the rows locked by `lock_rows`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._locked: dict[str, float] = {}
        self._next = 0

    def add(self, order: Mapping[str, Any]) -> Fault:
        """Order a fault: `kind`, `match` (a regular expression on the path), `method`, `count` and parameters.

        `lock_rows` takes `ids` and `seconds` and holds at once. Raises FaultError.
        """
        kind = order.get("kind")
        if kind not in KINDS:
            raise FaultError(f"unknown kind {kind!r}; known are {', '.join(sorted(KINDS))}")
        with self._lock:
            self._next += 1
            fault = Fault(
                id=self._next,
                kind=kind,
                match=_pattern(order.get("match", "")),
                method=order["method"].upper() if order.get("method") else None,
                remaining=_count(order),
                parameters={
                    name: value for name, value in order.items() if name not in ("kind", "match", "method", "count")
                },
            )
            if kind == "lock_rows":
                self._lock_rows(fault)
            else:
                self._faults.append(fault)
        return fault

    def take(self, requests: Iterable[tuple[str, str]]) -> Fault | None:
        """The fault that strikes a call made of these (method, path) pairs; it is used up by one."""
        pairs = list(requests)
        with self._lock:
            for fault in self._faults:
                if not fault.strikes(pairs):
                    continue
                if fault.remaining is not None:
                    fault.remaining -= 1
                    if fault.remaining <= 0:
                        self._faults.remove(fault)
                return fault
        return None

    @property
    def waiting(self) -> bool:
        return bool(self._faults)

    def list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.to_json() for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._locked.clear()

    def is_locked(self, record_id: str) -> bool:
        until = self._locked.get(record_id)
        return until is not None and time.monotonic() < until

    def _lock_rows(self, fault: Fault) -> None:
        record_ids = fault.parameters.get("ids")
        if not isinstance(record_ids, list) or not record_ids:
            raise FaultError("lock_rows needs a list of ids")
        until = time.monotonic() + fault.number("seconds", 30)
        self._locked |= {str(record_id): until for record_id in record_ids}


def _pattern(text: object) -> re.Pattern[str]:
    try:
        return re.compile(str(text))
    except re.error as error:
        raise FaultError(f"match is no regular expression: {error}") from error


def _count(order: Mapping[str, Any]) -> int | None:
    count = order.get("count", 1)
    if count is None:
        return None
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise FaultError("count must be a positive number, or null for every call")
    return count
