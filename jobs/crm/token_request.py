"""One call to a CRM's token endpoint, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import requests

from config.settings import Settings
from jobs.crm.errors import AuthorizationLost, CrmError, RateLimited, RetryLater, Unavailable
from jobs.crm.http import Meter, crm_session

# A token call is short or in vain: its own time limits.
TOKEN_TIMEOUT_SECONDS = (3.05, 8.0)

TokenForm = dict[str, str]
Classify = Callable[[int, Any, Mapping[str, str]], CrmError]


def ask_for_token(
    settings: Settings,
    meter: Meter,
    base_url: str,
    path: str,
    form: TokenForm,
    *,
    classify: Classify,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The token endpoint's JSON. Raises AuthorizationLost, RateLimited or Unavailable."""
    secure_url = base_url.replace("http://", "https://", 1)
    try:
        response = crm_session(settings, base_url, meter).post(
            f"{secure_url}{path}",
            data=form,
            headers=headers,
            timeout=TOKEN_TIMEOUT_SECONDS,
        )
        answer = response.json()
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(f"No token from the CRM: {type(error).__name__}.", code="NO_ANSWER") from error
    if response.status_code == 200 and isinstance(answer, dict) and answer.get("access_token"):
        return answer
    raise _refused(response, answer, classify)


def _refused(response: requests.Response, answer: Any, classify: Classify) -> CrmError:
    """Only a refusal in OAuth's own words means that the authorisation is lost; a proxy's page does not."""
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), str):
        error = classify(response.status_code, answer, response.headers)
        return error if isinstance(error, RetryLater) else Unavailable(error.message, code=error.code)
    code = answer["error"]
    text = str(answer.get("error_description", "")) or f"The CRM answered {response.status_code}."
    if response.status_code >= 500:
        return Unavailable(text, code=code)
    if code == "rate_limit_exceeded" or response.status_code == 429:
        return RateLimited(text, code=code)
    return AuthorizationLost(text, code=code)
