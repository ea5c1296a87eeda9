"""How processes reach Redis or Valkey, and the queues' names.

Redis carries messages and nothing else: what is lost there is found again in the database by the tick.
"""

from __future__ import annotations

import json
from typing import Literal

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from config.settings import Settings

QueueName = Literal["interactive", "default", "bulk"]
QUEUE_NAMES: tuple[QueueName, ...] = ("interactive", "default", "bulk")
"""By priority: someone is waiting; webhooks and pushes; everything that can wait."""

SERIALIZER = JSONSerializer
"""Jobs take ids only, so JSON carries them. With pickle, who can write to Redis could run any code."""

CONNECT_SECONDS = 0.5
"""A click must not wait long for a queue that is down: its row is committed and the tick enqueues it."""

ANSWER_SECONDS = 3.0
"""Longest wait for an answer. Blocking reads must ask for less, or use `blocking_client`."""


class QueueServerMissing(RuntimeError):
    """REDIS_URL is unset and no embedded server has been started for this data directory."""


def redis_url(settings: Settings) -> str:
    """REDIS_URL, or the address the embedded server left in the data directory. Raises QueueServerMissing."""
    if settings.redis_url:
        return settings.redis_url
    try:
        return str(json.loads((settings.data_dir / "redis" / "server.json").read_text())["url"])
    except (OSError, ValueError, KeyError):
        raise QueueServerMissing(
            "REDIS_URL is not set and no embedded queue server has been started in "
            f"{settings.data_dir}: set REDIS_URL, or start `widget demo` with the same DATA_DIR."
        ) from None


def connect(settings: Settings) -> redis.Redis:
    """A client that fails fast. It connects at the first command, and anew after a restart of the server.

    Raises QueueServerMissing. RESP3 is spoken: `xread` answers a dict, not a list.
    """
    return _client(redis_url(settings), answer_seconds=ANSWER_SECONDS)


def blocking_client(settings: Settings) -> redis.Redis:
    """A client without a time limit, for reads that block (XREAD, BLPOP). Raises QueueServerMissing."""
    return _client(redis_url(settings), answer_seconds=None)


def queue(name: QueueName, connection: redis.Redis) -> Queue:
    """The queue of that name. Workers on it must be given `SERIALIZER` too."""
    return Queue(name, connection=connection, serializer=SERIALIZER)


def limiter_storage_uri(settings: Settings) -> str:
    """The same server in the spelling of the rate limiter's storage. Raises QueueServerMissing."""
    url = redis_url(settings)
    return f"redis+{url}" if url.startswith("unix://") else url


def _client(url: str, *, answer_seconds: float | None) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=answer_seconds,
        # redis-py's own default waits up to 10 s between three tries. One try at once is enough for a
        # connection that went stale while the server restarted; one that hangs is not worth a second wait.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        health_check_interval=30,
    )
