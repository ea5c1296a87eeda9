"""What can go wrong on the way to a CRM, and that all of it comes out as a `CrmError`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.crm.errors import CrmError

TROUBLES = [
    "status 400",
    "status 401",
    "status 403",
    "status 404",
    "status 405",
    "status 410",
    "status 413",
    "status 414",
    "status 415",
    "status 418",
    "status 420",
    "status 428",
    "status 429",
    "status 431",
    "status 500",
    "status 503",
    "status 599",
    "status 300",
    "status 304",
    "status 204",
    "drop",
    "half_body",
    "lose_response",
    "hang",
    "rate_limit",
    "expire_tokens",
]
ODD_ANSWERS: list[Any] = [
    None,
    [],
    {},
    "text",
    17,
    [None],
    {"records": None},
    {"records": [None]},
    {"records": [{}]},
    {"records": [{"Id": 5}]},
    {"records": [{"Id": "003000000000001AAA", "LastModifiedDate": "yesterday"}]},
    {"compositeResponse": None},
    {"compositeResponse": []},
    {"compositeResponse": [{"referenceId": "write"}]},
    {"compositeResponse": [{"referenceId": "write", "httpStatusCode": "200", "body": None}]},
    {"compositeResponse": [{"referenceId": "write", "httpStatusCode": 400, "body": None}]},
]


def assert_only_crm_errors(act: Callable[[], Any]) -> None:
    error: CrmError | None = None
    try:
        act()
    except CrmError as caught:
        error = caught
    assert error is None or (error.code and type(error) is not CrmError), error
