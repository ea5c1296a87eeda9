"""Sends the events: collected for a moment, at most so many requests at once, repeated until they are taken."""

from __future__ import annotations

import heapq
import itertools
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import requests

from emulator.hubspot import signing
from emulator.hubspot.changes import Change
from emulator.hubspot.webhooks.events import Event, event_of
from emulator.hubspot.webhooks.plan import Plan, read_plan

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal

MOST_EVENTS = 99
# HubSpot repeats up to ten times within 24 hours and does not say when; these pauses (seconds) grow to that.
PAUSES = (60, 180, 600, 1800, 3600, 7200, 10_800, 14_400, 18_000, 28_800)
# What comes later overtakes what a reordering fault holds back.
HELD_BACK_SECONDS = 0.2
# A reset lets what is on its way arrive, unless it takes too long.
LONGEST_WAIT_SECONDS = 1.0
_SETTING = "webhooks"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request to make. `round` tells what was ordered before a reset from what came after it."""

    number: int
    round: int
    events: list[Event] = field(default_factory=list)
    attempt: int = 0
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` is None when nobody answered; `error` says why then."""

    status: int | None
    error: str | None
    duration_ms: float

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Webhooks:
    """The webhooks of a portal's app. What waits to be sent lives in memory and ends with the process."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._numbers = itertools.count(1)
        self._collecting: Delivery | None = None
        self._in_flight = 0
        self._to_drop = 0
        self._round = 0
        self._is_closed = False
        self._dispatcher: threading.Thread | None = None
        self._plan = self._read(portal.definition.get(_SETTING, {}))
        portal.changes.listen(self._take)

    def configure(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the named parts of the configuration, for this and later starts; see `read_plan`.

        Answers how things stand: the target, and how many batches wait or are on their way. Raises ControlError.
        """
        if given:
            merged = {**self._portal.definition.get(_SETTING, {}), **given}
            plan = self._read(merged)
            self._portal.definition[_SETTING] = merged
            self._portal.save_definition()
            self._use(plan, drop=plan.faults.drop if "faults" in given else self._to_drop)
        with self._changed:
            return {
                "target_url": self._plan.target_url,
                "subscriptions": len(self._plan.subscriptions),
                "waiting": len(self._waiting),
                "in_flight": self._in_flight,
            }

    def restart(self) -> None:
        """Forget what waits and read the configuration anew, as after a reset of the portal."""
        plan = self._read(self._portal.definition.get(_SETTING, {}))
        with self._changed:
            self._round += 1
            self._waiting.clear()
            self._collecting = None
            self._changed.wait_for(lambda: self._in_flight == 0, timeout=LONGEST_WAIT_SECONDS)
        self._use(plan, drop=plan.faults.drop)

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _read(self, given: Mapping[str, Any]) -> Plan:
        return read_plan(given, find=self._portal.schema.find, server_url=self._portal.panel_url)

    def _use(self, plan: Plan, *, drop: int) -> None:
        with self._changed:
            self._plan = plan
            self._to_drop = drop
            self._changed.notify_all()

    # In: in the thread that committed

    def _take(self, changes: Sequence[Change]) -> None:
        plan = self._plan
        if not plan.target_url:
            return
        portal_id, app_id = self._portal.id, self._portal.app_id
        events = [
            event_of(change, subscription, portal_id=portal_id, app_id=app_id)
            for change in changes
            for subscription in plan.subscriptions_of(change)
        ]
        with self._changed:
            for event in events:
                self._collect(event)

    def _collect(self, event: Event) -> None:
        if self._collecting is None or len(self._collecting.events) >= MOST_EVENTS:
            self._collecting = Delivery(next(self._numbers), self._round)
            held_back = HELD_BACK_SECONDS if self._plan.faults.reorder and self._collecting.number % 2 else 0.0
            pause = self._plan.sending.batch_seconds + self._plan.faults.delay_seconds + held_back
            self._put(self._collecting, pause)
        self._collecting.events.append(event)

    def _put(self, delivery: Delivery, pause: float) -> None:
        """Only while holding the lock."""
        heapq.heappush(self._waiting, (time.monotonic() + pause, next(self._numbers), delivery))
        if self._dispatcher is None:
            self._dispatcher = threading.Thread(target=self._dispatch, name="webhooks", daemon=True)
            self._dispatcher.start()
        self._changed.notify_all()

    # Out: in threads of its own

    def _dispatch(self) -> None:
        """Start whatever is due as soon as there is room for it, until the portal is closed."""
        while (delivery := self._next()) is not None:
            threading.Thread(target=self._deliver, args=(delivery,), daemon=True).start()

    def _next(self) -> Delivery | None:
        with self._changed:
            while not self._is_closed:
                pause = self._pause()
                if pause is not None and pause <= 0:
                    return self._depart()
                self._changed.wait(pause)
        return None

    def _pause(self) -> float | None:
        """Seconds until the next delivery may go; None: not before something changes."""
        if not self._waiting or self._in_flight >= self._plan.most_requests:
            return None
        return self._waiting[0][0] - time.monotonic()

    def _depart(self) -> Delivery:
        _, _, delivery = heapq.heappop(self._waiting)
        if delivery is self._collecting:
            self._collecting = None
        self._in_flight += 1
        return self._struck(delivery) if delivery.attempt == 0 and delivery.fault is None else delivery

    def _struck(self, delivery: Delivery) -> Delivery:
        """The delivery as the ordered faults make it."""
        faults = self._plan.faults
        if self._to_drop > 0:
            self._to_drop -= 1
            return replace(delivery, fault="drop")
        if faults.reorder:
            delivery = replace(delivery, events=delivery.events[::-1])
        if faults.duplicate:
            self._put(replace(delivery, fault="duplicate"), 0)
        return delivery

    def _deliver(self, delivery: Delivery) -> None:
        plan = self._plan
        events = [event | {"attemptNumber": delivery.attempt} for event in delivery.events]
        retry_in = None
        try:
            outcome = self._post(plan, events) if delivery.fault != "drop" else Outcome(None, "dropped", 0)
            if not outcome.is_taken and delivery.fault != "drop" and delivery.attempt < len(PAUSES):
                retry_in = PAUSES[delivery.attempt] * plan.sending.retry_scale
            if delivery.round == self._round:
                self._write(plan.target_url, delivery, events, outcome, retry_in)
        finally:
            with self._changed:
                self._in_flight -= 1
                if retry_in is not None and delivery.round == self._round:
                    self._put(replace(delivery, attempt=delivery.attempt + 1), retry_in)
                self._changed.notify_all()

    def _post(self, plan: Plan, events: Sequence[Event]) -> Outcome:
        body = json.dumps(events, separators=(",", ":"), ensure_ascii=False).encode()
        started = time.perf_counter()
        status, error = None, None
        try:
            with requests.Session() as session:
                # A proxy of this machine is no part of the portal.
                session.trust_env = False
                call = session.prepare_request(requests.Request("POST", plan.target_url, data=body))
                call.headers.update(self._headers(str(call.url), body))
                answer = session.send(call, timeout=plan.sending.timeout_seconds, allow_redirects=False)
                status = answer.status_code
        except requests.RequestException as problem:
            error = type(problem).__name__
        return Outcome(status, error, (time.perf_counter() - started) * 1000)

    def _headers(self, url: str, body: bytes) -> dict[str, str]:
        secret, timestamp = self._portal.secrets.client_secret, str(round(self._portal.clock.now().timestamp() * 1000))
        return {
            "Content-Type": "application/json",
            "User-Agent": "HubSpot Connect (stand-in)",
            **signing.v3(secret, "POST", url, body, timestamp),
            **signing.v1(secret, body),
        }

    def _write(
        self, url: str, delivery: Delivery, events: Sequence[Event], outcome: Outcome, retry_in: float | None
    ) -> None:
        body = {
            "url": url,
            "attempt": delivery.attempt,
            "status": outcome.status,
            "error": outcome.error,
            "duration_ms": round(outcome.duration_ms, 3),
            "retry_in_seconds": retry_in,
            "fault": delivery.fault,
            "events": events,
        }
        self._portal.journal.add("webhook", at=self._portal.clock.now(), body=body)
