"""The refusals of the REST API, with their codes and statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ApiError(Exception):
    """A refusal: one entry of the JSON array that the REST API answers.

    `extra` holds further keys of the entry (the duplicate details, for instance). `status` is the HTTP status
    of a direct call; collections give the same entry with the code under `statusCode` and status 200.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: Sequence[str] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = list(fields)
        self.extra = dict(extra or {})
        self.more: list[ApiError] = []

    @property
    def entries(self) -> list[ApiError]:
        """This refusal and those found together with it (several validation rules at once)."""
        return [self, *self.more]

    def to_rest(self) -> dict[str, Any]:
        """The entry as a direct call answers it. `fields` is there only for errors about a written record."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields or self.code in _ABOUT_RECORD:
            entry["fields"] = self.fields
        return {**self.extra, **entry}

    def to_save_result(self) -> dict[str, Any]:
        """The entry as collections give it per record."""
        return {**self.extra, "statusCode": self.code, "message": self.message, "fields": self.fields}


_ABOUT_RECORD = frozenset(
    {
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "DUPLICATES_DETECTED",
        "DUPLICATE_VALUE",
        "ENTITY_IS_DELETED",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "FIELD_INTEGRITY_EXCEPTION",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "REQUIRED_FIELD_MISSING",
        "UNABLE_TO_LOCK_ROW",
    }
)


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    return ApiError("NOT_FOUND", message, status=404)


def deleted() -> ApiError:
    return ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)


def unknown_field(name: str, object_name: str) -> ApiError:
    return ApiError(
        "INVALID_FIELD",
        f"No such column '{name}' on entity '{object_name}'. If you are attempting to use a custom field, be sure to "
        "append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
        "appropriate names.",
    )


def no_such_column(name: str, object_name: str) -> ApiError:
    """The wording of writes, which differs from that of queries."""
    return ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {object_name}")


def missing_reference(*, status: int = 400) -> ApiError:
    return ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=status)


def wrong_id(object_label: str, text: object) -> ApiError:
    return ApiError("MALFORMED_ID", f"{object_label} ID: id value of incorrect type: {text}")


def bad_json(message: str) -> ApiError:
    return ApiError("JSON_PARSER_ERROR", message)


def no_write_access() -> ApiError:
    return ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", status=403)
