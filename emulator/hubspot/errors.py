"""The refusals of the API, in its envelope: status, category, message, correlation id."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NO_CREDENTIALS = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at "
    "https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)
SCOPES_PAGE = "https://developers.hubspot.com/scopes"


class ApiError(Exception):
    """A refusal. `extra` holds further keys of the envelope; a key given as None is left out of it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        category: str = "VALIDATION_ERROR",
        errors: Sequence[Mapping[str, Any]] = (),
        context: Mapping[str, Sequence[str]] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.category = category
        self.errors = list(errors)
        self.context = dict(context or {})
        self.extra = dict(extra or {})

    def to_json(self, correlation_id: str) -> dict[str, Any]:
        """The body of a call that was refused."""
        body: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
            "category": self.category,
            "errors": self.errors or None,
            "context": self.context or None,
            **self.extra,
        }
        return {name: value for name, value in body.items() if value is not None}

    def to_batch_entry(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """The entry in `errors` of a batch that was done in part."""
        return {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": {**self.context, **context},
        }


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """What is wrong with one property of a record."""

    name: str
    code: str
    message: str
    context: Mapping[str, list[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "isValid": False,
            "message": self.message,
            "error": self.code,
            "name": self.name,
            "localizedErrorMessage": self.message,
        }

    def to_error(self) -> dict[str, Any]:
        return {
            "message": self.message,
            "code": self.code,
            "context": {"propertyName": [self.name], **self.context},
        }


def invalid_values(problems: Sequence[ValueProblem]) -> ApiError:
    """All problems of a record at once: as JSON inside the message, and once more as a list."""
    listed = json.dumps([each.to_json() for each in problems], ensure_ascii=False, separators=(",", ":"))
    return ApiError(f"Property values were not valid: {listed}", errors=[each.to_error() for each in problems])


def missing_values(problems: Sequence[ValueProblem]) -> ApiError:
    """An admin's rules ask for values that are not there."""
    return ApiError(problems[0].message, errors=[each.to_error() for each in problems])


def nothing_required_set(object_name: str, names: Sequence[str]) -> ApiError:
    """A new record lacks what HubSpot itself requires; the names stand beside the text."""
    message = f"Error creating {object_name.upper()}. Some required properties were not set."
    return ApiError(message, context={"properties": list(names)})


def unknown_property(name: str) -> ValueProblem:
    return ValueProblem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')


def read_only(name: str) -> ValueProblem:
    return ValueProblem(name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')


def not_found(message: str = "resource not found") -> ApiError:
    return ApiError(message, status=404, category="OBJECT_NOT_FOUND")


def missing_objects(object_label: str, record_ids: Sequence[str]) -> ApiError:
    """The entry of a batch for ids that lead nowhere."""
    return ApiError(
        f"Could not get some {object_label.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        status=404,
        category="OBJECT_NOT_FOUND",
        context={"ids": list(record_ids)},
    )


def already_exists(object_label: str, record_id: str) -> ApiError:
    """The id is in the text and nowhere else."""
    return ApiError(f"{object_label} already exists. Existing ID: {record_id}", status=409, category="CONFLICT")


def bad_json(reason: str, *, line: int = 1, column: int = 1) -> ApiError:
    return ApiError(f"Invalid input JSON on line {line}, column {column}: {reason}")


def no_credentials() -> ApiError:
    return ApiError(NO_CREDENTIALS, status=401, category="INVALID_AUTHENTICATION")


def expired_token(seconds: int) -> ApiError:
    return ApiError(
        f"The OAuth token used to make this call expired {seconds} second(s) ago.",
        status=401,
        category="EXPIRED_AUTHENTICATION",
    )


def missing_scopes(required: Sequence[str]) -> ApiError:
    return ApiError(
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
        f"{SCOPES_PAGE}.",
        status=403,
        category="MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(required)},
            }
        ],
        extra={"links": {"scopes": SCOPES_PAGE}},
    )


def burst_limit_reached(group: str) -> ApiError:
    return _limit_reached("ten_secondly_rolling", {"policyName": "TEN_SECONDLY_ROLLING", "groupName": group})


def daily_limit_reached(group: str) -> ApiError:
    return _limit_reached("daily", {"policyName": "DAILY", "groupName": group})


def search_limit_reached() -> ApiError:
    return ApiError("You have reached your secondly limit.", status=429, category="RATE_LIMITS")


def locked() -> ApiError:
    return ApiError("This resource is locked, try again later", status=423, category="RESOURCE_LOCKED")


def _limit_reached(policy: str, extra: Mapping[str, Any]) -> ApiError:
    """The general refusal names its kind under `errorType` and has no `category`."""
    return ApiError(
        f"You have reached your {policy} limit.",
        status=429,
        extra={"category": None, "errorType": "RATE_LIMIT", **extra},
    )
