"""What may go wrong in a sync, and who may come in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.engine.machine.crm_side import CrmSide
from tests.engine.machine.fields import FIELDS, Value, plain
from tests.engine.machine.judge import HERE
from tests.engine.machine.store import Store

AT_READ, AT_WRITE = {"method": "GET"}, {"method": "PATCH"}
# Held up for so long, a write leaves time for somebody else's.
HELD_UP = 0.08


@dataclass(frozen=True)
class Trouble:
    kind: str

    def order(self, side: CrmSide) -> None:
        ORDERS[self.kind](side)


def _after_the_write(side: CrmSide) -> None:
    """The read goes well, the read back does not."""
    side.fault("latency", seconds=0, **AT_READ)
    side.fault("half_body", **AT_READ)


ORDERS: dict[str, Callable[[CrmSide], None]] = {
    "the answer to the write is lost": lambda side: side.fault("lose_response", **AT_WRITE),
    "half of the answer to the write arrives": lambda side: side.fault("half_body", **AT_WRITE),
    "the connection drops before the write": lambda side: side.fault("drop", **AT_WRITE),
    "the write fails": lambda side: side.fault("status", status=503, **AT_WRITE),
    "the write is one too many": lambda side: side.fault("rate_limit", **AT_WRITE),
    "the token ends at the write": lambda side: side.fault("expire_tokens", **AT_WRITE),
    "the row is locked": CrmSide.lock,
    "the read fails": lambda side: side.fault("status", status=500, **AT_READ),
    "half of the answer to the read arrives": lambda side: side.fault("half_body", **AT_READ),
    "the read is one too many": lambda side: side.fault("rate_limit", **AT_READ),
    "the token has ended": CrmSide.expire_tokens,
    "what was written cannot be read back": _after_the_write,
}


@dataclass(frozen=True)
class Meanwhile:
    """Somebody saves a field on one side while our write is on its way."""

    side: str
    name: str
    value: Any


def meanwhile_doing(
    meanwhile: Meanwhile, side: CrmSide, store: Store, job: Callable[[], None], spelled: Callable[[str, Any], Any]
) -> list[tuple[str, Value]]:
    """Do the job, and the edit as soon as the write is on its way; the edits of ours that were made."""
    edits: list[tuple[str, Value]] = []
    is_over = threading.Event()
    value = spelled(meanwhile.name, meanwhile.value)

    def act() -> None:
        if meanwhile.side == HERE:
            if store.record_id is not None and store.edit(meanwhile.name, value):
                edits.append((meanwhile.name, plain(FIELDS[meanwhile.name], value)))
            return
        # A little earlier by the CRM's stamps: what is saved within one second it cannot tell apart.
        now = side.offset
        side.set_clock(now - 2)
        side.edit(meanwhile.name, value)
        side.set_clock(now)

    def watch() -> None:
        while not is_over.is_set():
            if side.is_writing():
                return act()
            time.sleep(0.003)
        return None

    side.fault("latency", seconds=HELD_UP, **AT_WRITE)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        job()
    finally:
        is_over.set()
        watcher.join()
    return edits
