"""`hubspot.fetch`: a card's call, made by HubSpot's servers, with the reader's identity added and signed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests

from emulator.hubspot import signing
from emulator.hubspot.people import Person
from emulator.hubspot.portal import Portal

LARGEST_BODY = 1024 * 1024
LONGEST_SECONDS = 15
ATTEMPTS = 2
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class NotPermittedError(Exception):
    """The card asked for what HubSpot does not do; the text says why."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the card gets. Whatever the app answers beyond 299 is a bad gateway, without the app's own words."""

    status: int
    body: bytes


def fetch(portal: Portal, person: Person, *, method: str, url: str, body: Any) -> Fetched:
    """Call the app as HubSpot does: signed (v3 and v2), no redirects, once more when no good answer came.

    Raises NotPermittedError for an address outside of the app's own, or a body that is too large.
    """
    called = _called(portal, person, url)
    encoded = b"" if method == "GET" or body is None else json.dumps(body, ensure_ascii=False).encode()
    if method not in METHODS or len(encoded) > LARGEST_BODY:
        raise NotPermittedError("The request has an unknown method or is too large.")
    timestamp = str(round(portal.clock.now().timestamp() * 1000))
    secret = portal.secrets.client_secret
    # Whether a repeat is signed anew is not known; the same signature asks more of the app.
    headers = {
        "Content-Type": "application/json",
        **signing.v3(secret, method, called, encoded, timestamp),
        **signing.v2(secret, method, called, encoded),
    }
    fetched = None
    for attempt in range(1, ATTEMPTS + 1):
        fetched = _attempt(method, called, encoded, headers)
        _note(portal, person, method, url, attempt, fetched)
        if fetched is not None and fetched.status < 500:
            break
    if fetched is None or fetched.status >= 300 or len(fetched.body) > LARGEST_BODY:
        return Fetched(502, b'{"status":"error","category":"BAD_GATEWAY"}')
    return fetched


def _called(portal: Portal, person: Person, url: str) -> str:
    """The address with the four parameters that HubSpot adds; every character that could be a code is one."""
    permitted, asked = urlsplit(portal.panel_url), urlsplit(url)
    if (asked.scheme, asked.netloc) != (permitted.scheme, permitted.netloc) or asked.fragment:
        raise NotPermittedError(f"{asked.netloc or 'This address'} is not among the permittedUrls of the app.")
    added = {
        "userId": str(person.user_id),
        "portalId": str(portal.id),
        "userEmail": person.email,
        "appId": str(portal.app_id),
    }
    joint = "&" if asked.query else "?"
    full = f"{url}{joint}{urlencode(added, quote_via=quote, safe='')}"
    # What is signed is what is called: the client must find nothing to tidy up.
    if requests.Request("GET", full).prepare().url != full:
        raise NotPermittedError("The address is not in its plain form.")
    return full


def _attempt(method: str, url: str, body: bytes, headers: dict[str, str]) -> Fetched | None:
    """One call; None when nobody answered in time."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method, url, data=body, headers=headers, timeout=LONGEST_SECONDS, allow_redirects=False
            )
            return Fetched(answer.status_code, answer.content)
    except requests.RequestException:
        return None


def _note(portal: Portal, person: Person, method: str, url: str, attempt: int, fetched: Fetched | None) -> None:
    body = {
        "method": method,
        "path": urlsplit(url).path,
        "user_id": person.user_id,
        "attempt": attempt,
        "status": fetched.status if fetched else None,
    }
    portal.journal.add("card", at=portal.clock.now(), body=body)
