"""How often a password or a connection may be tried, counted on the queue server for all web processes together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from redis.exceptions import RedisError

from config.redis import limiter_storage_uri
from widget.admin.access import person, typed_email
from widget.context import EXTENSION

_LIMITER = "admin_limiter"


@dataclass(frozen=True)
class Limit:
    endpoint: str
    rate: str
    key: Callable[[], str]
    counts: Callable[[Response], bool] | None = None  # which answers use up a try; None: every try, before it is made


def _account() -> str:
    """The account as typed: one that does not exist is counted like one that does."""
    return typed_email() or "nobody"


def _who() -> str:
    return str(person().id)


def _failed(response: Response) -> bool:
    """A successful login redirects; only failures use up tries, or a busy day would lock its own people out."""
    return response.status_code not in (302, 303)


LIMITS = (
    # Counted before the password is looked at, or a burst of tries at once would all be let in.
    Limit("admin.login.sign_in", "10 per 15 minutes", _account),
    Limit("admin.login.sign_in", "30 per 15 minutes", get_remote_address, _failed),
    Limit("admin.connections.test", "10 per minute", _who),
    Limit("admin.connections.check", "10 per minute", _who),
    Limit("admin.objects.filters.count", "30 per minute", _who),
    Limit("admin.oauth.start", "10 per minute", _who),
    Limit("admin.oauth.restart", "10 per minute", _who),
)


def install(app: Flask) -> None:
    """Wrap the limited views; they must be registered already. With the queue server down each process counts alone."""
    runtime = app.extensions[EXTENSION]
    # Its client fails fast: a queue server that is down must not hold up a login.
    options: dict[str, Any] = {"connection_pool": runtime.redis.connection_pool}
    app.config["RATELIMIT_STORAGE_OPTIONS"] = options
    limiter = Limiter(
        get_remote_address,
        storage_uri=limiter_storage_uri(runtime.settings),
        strategy="moving-window",
        key_prefix="widget",
        in_memory_fallback_enabled=True,
    )
    limiter.init_app(app)
    app.extensions[_LIMITER] = limiter
    for limit in LIMITS:
        wrap: Any = limiter.limit(limit.rate, key_func=limit.key, methods=["POST"], deduct_when=limit.counts)
        app.view_functions[limit.endpoint] = wrap(app.view_functions[limit.endpoint])


def forget_tries() -> None:
    """The right password was typed: the tries before it, and this one, do not count against the account any more."""
    limiter: Limiter = current_app.extensions[_LIMITER]
    for each in limiter.current_limits:
        if each.request_args[-2] == _account():  # (prefix, key, view)
            with suppress(RedisError):  # then they count until their time is over
                limiter.limiter.clear(each.limit, *each.request_args)
