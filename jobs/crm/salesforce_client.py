"""One call to Salesforce: the versioned path, the token, and every refusal as a `CrmError`.

simple-salesforce speaks the protocol; renewing the token, time limits and errors are ours, because its own renewal
repeats a request without the caller's headers, and a lost `If-Unmodified-Since` is a lost update.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, cast

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from config.settings import Settings
from jobs.crm import answers
from jobs.crm.errors import AuthorizationLost
from jobs.crm.http import Meter, crm_session
from jobs.crm.salesforce_errors import classify
from jobs.crm.tokens import AccessToken, TokenSource

LABEL = "Salesforce"

# Owners must not jump because we wrote, and "recently viewed" belongs to people.
WRITE_HEADERS = {
    "Sforce-Auto-Assign": "FALSE",
    "Sforce-Mru": "updateMru=false",
    "Sforce-Call-Options": "client=crm-sync-widget",
}


class SalesforceClient:
    def __init__(
        self, settings: Settings, base_url: str, tokens: TokenSource, *, api_version: str, meter: Meter | None = None
    ) -> None:
        self.meter = meter or Meter()
        self.prefix = f"/services/data/v{api_version}"
        self._root = base_url.replace("http://", "https://", 1)
        self._tokens = tokens
        self._version = api_version
        self._session = crm_session(settings, base_url, self.meter)
        self._client: Salesforce | None = None

    def ask(self, path: str, *, unchanged_is_fine: bool = False, **request: Any) -> Any:
        """One REST call, with a renewed token if ours has ended. Raises CrmError."""
        token = self._tokens.current()
        try:
            return self._ask_once(token, path, unchanged_is_fine, request)
        except AuthorizationLost:
            # The whole request is built anew, headers and all.
            return self._ask_once(self._tokens.renew(token), path, unchanged_is_fine, request)

    def composite(self, *parts: Mapping[str, Any]) -> dict[str, Any]:
        """Several calls in one, in this order, whatever becomes of each: the answers by `referenceId`."""
        body = {"allOrNone": False, "collateSubrequests": False, "compositeRequest": list(parts)}
        answer = self.ask("composite", method="POST", json=body)
        with understood():
            return {part["referenceId"]: part for part in answer["compositeResponse"]}

    def running_user(self) -> dict[str, Any]:
        """Who the token belongs to: `user_id`, `name`, `preferred_username` and more; one call."""
        headers = {"Authorization": f"Bearer {self._tokens.current().value}"}
        try:
            response = self._session.get(f"{self._root}/services/oauth2/userinfo", headers=headers)
            if response.status_code != 200:
                raise classify(response.status_code, {})
            return cast(dict[str, Any], response.json())
        except (requests.RequestException, ValueError) as error:
            raise answers.no_answer(LABEL, error) from error

    def _ask_once(self, token: AccessToken, path: str, unchanged_is_fine: bool, request: dict[str, Any]) -> Any:
        client = self._client_with(token.value)
        request = {**request, "headers": {**WRITE_HEADERS, **request.get("headers", {})}}
        try:
            return client.restful(path, **request)
        except SalesforceError as error:
            if unchanged_is_fine and error.status == 304:
                return None
            raise classify(error.status, error.content, self.meter.headers) from None
        except (requests.RequestException, ValueError, TypeError) as error:
            # TypeError: simple-salesforce takes the length of any JSON, a bare number too.
            raise answers.no_answer(LABEL, error) from error

    def _client_with(self, token: str) -> Salesforce:
        if self._client is None or self._client.session_id != token:
            self._client = Salesforce(
                session_id=token, instance_url=self._root, version=self._version, session=self._session
            )
        return self._client


def understood() -> AbstractContextManager[None]:
    return answers.understood(LABEL)


def body_of(part: Mapping[str, Any]) -> Any:
    """What one part of a composite call answered. Raises CrmError where it was refused."""
    if part["httpStatusCode"] >= 300:
        raise classify(part["httpStatusCode"], part["body"])
    return part["body"]
