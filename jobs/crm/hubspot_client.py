"""One call to HubSpot: the dated path, the token, the two rate limits, and every refusal as a `CrmError`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol
from urllib.parse import quote

import requests

from config.settings import Settings
from jobs.crm import answers
from jobs.crm.errors import AuthorizationLost
from jobs.crm.http import Meter, crm_session
from jobs.crm.hubspot_errors import classify
from jobs.crm.limits import RateLimit
from jobs.crm.tokens import AccessToken, TokenSource

LABEL = "HubSpot"
OBJECTS = "crm/objects"
# The stricter of HubSpot's tiers, until an answer's headers tell the true one (usage guidelines). Spans are a little
# longer than HubSpot's own: calls reach it later than they leave here, and not all equally late.
GENERAL = RateLimit("general", calls=100, seconds=10.25)
SEARCH = RateLimit("search", calls=5, seconds=1.1)

Json = Mapping[str, Any]


class Line(Protocol):
    """Where calls line up for their turn (`jobs.crm.limits.Limiter`)."""

    def wait(self, limit: RateLimit) -> None: ...
    def learn(self, limit: RateLimit, calls: int) -> None: ...


class HubSpotClient:
    def __init__(
        self, settings: Settings, base_url: str, tokens: TokenSource, *, line: Line, meter: Meter | None = None
    ) -> None:
        self.meter = meter or Meter()
        self._root = base_url.replace("http://", "https://", 1)
        self._version = settings.hubspot_api_version
        self._tokens = tokens
        self._line = line
        self._has_turn = False
        self._session = crm_session(settings, base_url, self.meter)

    def get(self, area: str, *path: str, **params: str) -> Any:
        """`get("crm/objects", "contacts", "1")` asks `/crm/objects/{version}/contacts/1`. Raises CrmError."""
        return self._ask("GET", self._url(area, path), params=params)

    def patch(self, area: str, *path: str, body: Json, before_again: Callable[[], None]) -> Any:
        """`before_again` is asked, and may raise, when time went by for a new token before the call is repeated."""
        return self._ask("PATCH", self._url(area, path), json=body, before_again=before_again)

    def post(self, area: str, *path: str, body: Any, params: Mapping[str, str] | None = None) -> Any:
        return self._ask("POST", self._url(area, path), json=body, params=params)

    def put(self, area: str, *path: str, body: Any = None) -> Any:
        return self._ask("PUT", self._url(area, path), json=body)

    def search(self, object_name: str, body: Json) -> Any:
        """Search has a rate limit of its own."""
        return self._ask("POST", self._url(OBJECTS, (object_name, "search")), json=body, limit=SEARCH)

    def line_up(self) -> None:
        """Wait for the turn of the next call now, so that the caller can look at the time once more before it."""
        self._tokens.current()  # a renewal takes its time too
        if not self._has_turn:
            self._line.wait(GENERAL)
        self._has_turn = True

    def _url(self, area: str, path: tuple[str, ...]) -> str:
        return "/".join([self._root, area, self._version, *(quote(part, safe="") for part in path)])

    def _ask(
        self,
        method: str,
        url: str,
        *,
        limit: RateLimit = GENERAL,
        before_again: Callable[[], None] | None = None,
        **request: Any,
    ) -> Any:
        """The answer's JSON; None when it has no body. With a renewed token if ours has ended before its time."""
        token = self._tokens.current()
        try:
            return self._ask_once(token, method, url, limit, request)
        except AuthorizationLost:
            renewed = self._tokens.renew(token)
            if before_again is not None:
                before_again()
            return self._ask_once(renewed, method, url, limit, request)

    def _ask_once(self, token: AccessToken, method: str, url: str, limit: RateLimit, request: dict[str, Any]) -> Any:
        if limit is not GENERAL:
            self._line.wait(limit)
        else:
            self.line_up()
            self._has_turn = False
        headers = {"Authorization": f"Bearer {token.value}"}
        try:
            response = self._session.request(method, url, headers=headers, allow_redirects=False, **request)
        except requests.RequestException as error:
            raise answers.no_answer(LABEL, error) from error
        self._learn(response)
        if response.status_code in (200, 201, 207):
            return _json(response)
        if response.status_code == 204:
            return None
        raise classify(response.status_code, _json_or_none(response), response.headers)

    def _learn(self, response: requests.Response) -> None:
        """Answers to searches bear no such headers."""
        allowed = response.headers.get("X-HubSpot-RateLimit-Max", "")
        if allowed.isdigit() and response.headers.get("X-HubSpot-RateLimit-Interval-Milliseconds") == "10000":
            self._line.learn(GENERAL, int(allowed))


def understood() -> AbstractContextManager[None]:
    return answers.understood(LABEL)


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise answers.no_answer(LABEL, error) from error


def _json_or_none(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
