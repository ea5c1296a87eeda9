"""The bell: tells whoever waits for a run that it has ended or waits. A lost ring costs a moment, never an answer."""

from __future__ import annotations

from redis.exceptions import RedisError

from jobs.runtime import Runtime

CHANNEL = "crm-sync-widget:runs"


def tell(runtime: Runtime, run_id: int) -> None:
    """Call it after the commit. The waiter reads the row; the message only says which."""
    try:
        runtime.redis.publish(CHANNEL, run_id)
    except RedisError:
        return  # the waiter also looks by itself, only less often
