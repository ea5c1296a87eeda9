"""How processes find the queue server, and how they take its absence."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import redis

from config.embedded_valkey import EmbeddedValkey
from config.redis import (
    QUEUE_NAMES,
    QueueServerMissing,
    blocking_client,
    connect,
    limiter_storage_uri,
    queue,
    redis_url,
)
from config.settings import Settings, load_settings


def test_without_a_server_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    settings = load_settings({"data_dir": tmp_path})

    with pytest.raises(QueueServerMissing, match=r"REDIS_URL is not set .* `widget demo`"):
        connect(settings)


def test_processes_started_on_their_own_find_the_embedded_server(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    server.start()
    try:
        assert connect(load_settings({"data_dir": tmp_path})).ping()
    finally:
        server.stop()


def test_redis_url_wins_over_the_embedded_server(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    server.claim()
    server.release()

    settings = load_settings({"data_dir": tmp_path, "redis_url": "redis://queue.example.com:6379/3"})

    assert redis_url(settings) == "redis://queue.example.com:6379/3"


def test_a_server_that_is_down_is_noticed_at_once(tmp_path: Path) -> None:
    settings = load_settings({"data_dir": tmp_path, "redis_url": f"unix://{tmp_path}/nobody.sock"})
    started_at = time.monotonic()

    with pytest.raises(redis.ConnectionError):
        connect(settings).ping()

    # The client library's own retries would take several seconds; the gap is wide enough for a slow machine.
    assert time.monotonic() - started_at < 3


def test_a_job_travels_as_json(settings: Settings, valkey: redis.Redis) -> None:
    job = queue("interactive", valkey).enqueue("jobs.tasks.anything", 7)

    assert valkey.hget(job.key, "data") is not None
    fetched = queue("interactive", valkey).fetch_job(job.id)
    assert fetched is not None
    assert (fetched.func_name, fetched.args) == ("jobs.tasks.anything", [7])


def test_the_queues_stand_in_order_of_priority() -> None:
    assert QUEUE_NAMES == ("interactive", "default", "bulk")


def test_a_blocking_read_outlasts_the_ordinary_time_limit(
    settings: Settings, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.redis.ANSWER_SECONDS", 0.2)

    assert blocking_client(settings).blpop(["nothing"], timeout=1) is None
    with pytest.raises(redis.TimeoutError):
        connect(settings).blpop(["nothing"], timeout=1)


def test_the_rate_limiters_address_is_the_same_server(settings: Settings) -> None:
    assert limiter_storage_uri(settings) == f"redis+{settings.redis_url}"
    elsewhere = settings.model_copy(update={"redis_url": "rediss://queue.example.com:6379/0"})
    assert limiter_storage_uri(elsewhere) == "rediss://queue.example.com:6379/0"
