"""The account: its limits, its tokens, the app that is installed in it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emulator.hubspot.events.asked import Body, person_of

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal


def set_limits(portal: Portal, body: Body) -> Any:
    """`{burst?, oauth_burst?, search_per_second?, daily?, used?, search_lag_seconds?}`: the account's limits.

    They hold until the next reset. `used` is what the day has used up.
    """
    limits = portal.limits
    limits.set_rates(body)
    if "used" in body:
        limits.used_today = int(body["used"])
    if "search_lag_seconds" in body:
        portal.freshness.lag_seconds = float(body["search_lag_seconds"])
    rates = {name: getattr(limits.rates, name) for name in ("burst", "oauth_burst", "search_per_second", "daily")}
    return {**rates, "used": limits.used_today, "search_lag_seconds": portal.freshness.lag_seconds}


def set_scopes(portal: Portal, body: Body) -> Any:
    """`{scopes: [...] or null, works?}`: what the static token may do (null: everything), and whether it works."""
    if "scopes" in body:
        portal.rows.save_setting("static_scopes", body["scopes"])
    if "works" in body:
        portal.rows.save_setting("static_token_off", not body["works"])
    return {"scopes": portal.rows.setting("static_scopes"), "works": portal.static_token_works}


def token(portal: Portal, body: Body) -> Any:
    """`{user?, lifetime_seconds?, scopes?}`: an OAuth access token of a user, without a login."""
    person = person_of(portal, body)
    lifetime = timedelta(seconds=float(body.get("lifetime_seconds", portal.token_lifetime.total_seconds())))
    scopes = body.get("scopes", sorted(portal.scopes))
    issued = portal.sessions.issue(
        str(person.user_id), portal.secrets.client_id, scope=" ".join(scopes), lifetime=lifetime
    )
    return {"access_token": issued, "user_id": person.user_id}


def expire_tokens(portal: Portal, body: Body) -> Any:
    return {"expired": portal.sessions.expire_all()}


def set_oauth(portal: Portal, body: Body) -> Any:
    """`{rotate_refresh_tokens}`: whether a refresh brings a new refresh token and ends the old one."""
    portal.rows.save_setting("rotate_refresh_tokens", bool(body["rotate_refresh_tokens"]))
    return {"rotate_refresh_tokens": portal.rows.setting("rotate_refresh_tokens")}


def uninstall(portal: Portal, body: Body) -> Any:
    """`{keep_access_tokens?}`: remove the app from the portal. Its refresh tokens are dead, its access tokens too."""
    revoked = portal.grants.revoke_all()
    if not body.get("keep_access_tokens"):
        portal.sessions.clear()
    return {"revoked": revoked}


def latency(portal: Portal, body: Body) -> Any:
    """`{seconds}`: every call takes that much longer, until faults are cleared."""
    fault = portal.faults.add({"kind": "latency", "match": "", "count": None, "seconds": float(body["seconds"])})
    return {"id": fault.id}


def set_webhooks(portal: Portal, body: Body) -> Any:
    """`{settings?, subscriptions?, variables?, sending?, faults?}`: what the app is sent; `{}` only tells.

    `settings` and `subscriptions` as in a project's `webhooks-hsmeta.json`; see `webhooks/plan.py`.
    """
    return portal.webhooks.configure(body)
