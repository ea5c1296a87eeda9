"""A CRM's rate limits, shared by all processes through Redis: who comes too early waits for a place of its own.

A limit says "so many calls in any such span". Redis remembers when the last calls were let through; the next one gets
the first moment at which the span before it still has room. That moment is taken in the same step, so many waiters
stand in one line instead of trying again and again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

import redis
import structlog
from redis.exceptions import RedisError

from jobs.crm.errors import RateLimited
from jobs.runtime import utc_now

log = structlog.get_logger()

MOST_WAIT_SECONDS = 5.0
"""Longer lines are not stood in: the run is put back and the worker does something else meanwhile."""

# KEYS[1]: moments of the last calls, oldest first, in microseconds. KEYS[2]: the limit as the CRM last told it.
# ARGV: calls allowed, span, longest wait (microseconds). Answers the wait, below zero when no place was taken, and the
# limit that was kept.
_TAKE_A_PLACE = """
local allowed = tonumber(redis.call('GET', KEYS[2]) or ARGV[1])
local span, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local earlier = redis.call('LINDEX', KEYS[1], -allowed)
local place = now
if earlier and tonumber(earlier) + span > now then place = tonumber(earlier) + span end
if place - now > most then return {now - place, allowed} end
redis.call('RPUSH', KEYS[1], string.format('%.0f', place))
redis.call('LTRIM', KEYS[1], -allowed, -1)
redis.call('PEXPIRE', KEYS[1], math.ceil((place - now + span) / 1000))
return {place - now, allowed}
"""


@dataclass(frozen=True)
class RateLimit:
    name: str
    calls: int
    seconds: float


class Limiter:
    """The limits of one account. A queue server that does not answer limits nothing: then the CRM does."""

    def __init__(self, connection: redis.Redis, account: str, *, most_wait: float = MOST_WAIT_SECONDS) -> None:
        self._redis = connection
        self._account = account
        self._most_wait = most_wait
        self._take_a_place = connection.register_script(_TAKE_A_PLACE)
        self._kept: dict[str, int] = {}  # the limits as they are known to all

    def wait(self, limit: RateLimit) -> None:
        """Sleep until this call may be made. Raises RateLimited when that would be too long."""
        seconds = self.reserve(limit)
        if seconds:
            time.sleep(seconds)

    def reserve(self, limit: RateLimit) -> float:
        """Take the next place in line: seconds to go. Raises RateLimited, with none taken, where it is too long."""
        try:
            microseconds = self._place(limit)
        except RedisError as error:
            log.warning("rate_limit_unknown", limit=limit.name, error=type(error).__name__)
            return 0.0
        if microseconds < 0:
            free_at = utc_now() + timedelta(microseconds=-microseconds)
            raise RateLimited("Too many of our own calls at once.", code="OWN_RATE_LIMIT", retry_at=free_at)
        return microseconds / 1_000_000

    def learn(self, limit: RateLimit, calls: int) -> None:
        """The CRM told its true limit, which depends on what the customer pays for."""
        if calls < 1 or self._kept.get(limit.name) == calls:
            return
        self._kept[limit.name] = calls
        try:
            self._redis.set(self._key(limit, "allowed"), calls, ex=86_400)
        except RedisError as error:
            log.warning("rate_limit_unknown", limit=limit.name, error=type(error).__name__)

    def _place(self, limit: RateLimit) -> int:
        keys = [self._key(limit, "calls"), self._key(limit, "allowed")]
        given = [limit.calls, round(limit.seconds * 1_000_000), round(self._most_wait * 1_000_000)]
        wait, self._kept[limit.name] = map(int, self._take_a_place(keys=keys, args=given))
        return wait

    def _key(self, limit: RateLimit, what: str) -> str:
        return f"crm-limit:{self._account}:{limit.name}:{what}"


class Background:
    """The line for work that nobody waits for: it takes half of the room, so that a click finds a place at once."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    def wait(self, limit: RateLimit) -> None:
        """Sleep until this call may be made. Raises RateLimited when that would be too long."""
        self._limiter.wait(RateLimit(f"background-{limit.name}", max(limit.calls // 2, 1), limit.seconds))
        self._limiter.wait(limit)

    def learn(self, limit: RateLimit, calls: int) -> None:
        self._limiter.learn(limit, calls)
