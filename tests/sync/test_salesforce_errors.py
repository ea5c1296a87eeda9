"""What a refusal of Salesforce means: decided by its errorCode, and by the status only where there is no code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs.crm import errors
from jobs.crm.errors import (
    AuthorizationLost,
    CrmError,
    DuplicateFound,
    Misconfigured,
    MovedOn,
    NotAllowed,
    NotFound,
    RateLimited,
    Rejected,
    RetryLater,
    RowLocked,
    Unavailable,
)
from jobs.crm.salesforce_errors import LIMIT_PAUSE, classify
from jobs.runtime import utc_now

ONE = "003000000000001AAA"
TWO = "003000000000002AAA"

BY_CODE: list[tuple[int, str, type[CrmError]]] = [
    (401, "INVALID_SESSION_ID", AuthorizationLost),
    (401, "INVALID_AUTH_HEADER", AuthorizationLost),
    (403, "API_DISABLED_FOR_ORG", Misconfigured),
    (403, "API_CURRENTLY_DISABLED", Misconfigured),
    (410, "UNSUPPORTED_API_VERSION", Misconfigured),
    (403, "REQUEST_LIMIT_EXCEEDED", RateLimited),
    (404, "NOT_FOUND", NotFound),
    (404, "ENTITY_IS_DELETED", NotFound),
    (400, "INVALID_CROSS_REFERENCE_KEY", Rejected),  # in a body it is a wrong value
    (400, "REQUIRED_FIELD_MISSING", Rejected),
    (400, "INVALID_FIELD", Rejected),
    (400, "INVALID_FIELD_FOR_INSERT_UPDATE", Rejected),
    (400, "INVALID_TYPE", Rejected),
    (400, "MALFORMED_QUERY", Rejected),
    (400, "MALFORMED_ID", Rejected),
    (400, "JSON_PARSER_ERROR", Rejected),
    (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", Rejected),
    (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", Rejected),
    (400, "STRING_TOO_LONG", Rejected),
    (400, "INVALID_EMAIL_ADDRESS", Rejected),
    (400, "FIELD_INTEGRITY_EXCEPTION", Rejected),
    (400, "FIELD_FILTER_VALIDATION_EXCEPTION", Rejected),
    (400, "DUPLICATE_VALUE", DuplicateFound),
    (400, "DUPLICATES_DETECTED", DuplicateFound),
    (400, "CANNOT_UPDATE_CONVERTED_LEAD", NotAllowed),
    (400, "ENTITY_IS_LOCKED", NotAllowed),
    (400, "QUERY_TIMEOUT", Unavailable),
    (503, "SERVER_UNAVAILABLE", Unavailable),
    (500, "UNKNOWN_EXCEPTION", Unavailable),
]
# Seen with several statuses: the code alone decides.
ANY_STATUS: list[tuple[str, type[CrmError]]] = [
    ("UNABLE_TO_LOCK_ROW", RowLocked),
    ("INSUFFICIENT_ACCESS", NotAllowed),
    ("INSUFFICIENT_ACCESS_OR_READONLY", NotAllowed),
    ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", NotAllowed),
]
BY_STATUS: list[tuple[int, type[CrmError]]] = [
    (400, Rejected),
    (401, AuthorizationLost),
    (403, NotAllowed),
    (404, NotFound),
    (405, Rejected),
    (410, Misconfigured),
    (412, MovedOn),
    (414, Rejected),
    (415, Rejected),
    (429, RateLimited),
    (431, Rejected),
    (500, Unavailable),
    (502, Unavailable),
    (503, Unavailable),
    (504, Unavailable),
]
BODIES: list[Any] = [
    None,
    "",
    "<html><body>Server down for maintenance</body></html>",
    b"\xff",
    [],
    {},
    [None],
    ["text"],
    [[]],
    7,
    {"unexpected": {"shape": []}},
    [{"errorCode": None, "message": None, "fields": None}],
]


def refused(status: int, code: str, message: str = "As Salesforce says.", **more: Any) -> CrmError:
    return classify(status, [{"errorCode": code, "message": message, "fields": [], **more}])


@pytest.mark.parametrize(("status", "code", "meaning"), BY_CODE)
def test_the_code_decides(status: int, code: str, meaning: type[CrmError]) -> None:
    error = refused(status, code)
    assert type(error) is meaning
    assert (error.code, error.message) == (code, "As Salesforce says.")


def test_a_missing_record_has_one_code() -> None:
    """Salesforce has two: with 400 the second one means a bad value in a reference field."""
    error = refused(404, "INVALID_CROSS_REFERENCE_KEY")
    assert (type(error), error.code) == (NotFound, "NOT_FOUND")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 503])
@pytest.mark.parametrize(("code", "meaning"), ANY_STATUS)
def test_the_code_decides_whatever_the_status(status: int, code: str, meaning: type[CrmError]) -> None:
    assert type(refused(status, code)) is meaning


@pytest.mark.parametrize(("status", "meaning"), BY_STATUS)
def test_without_a_code_the_status_decides(status: int, meaning: type[CrmError]) -> None:
    for body in BODIES:
        error = classify(status, body)
        assert type(error) is meaning, body
        assert error.code
        assert error.message
        assert "<html>" not in error.message


@pytest.mark.parametrize(("status", "meaning"), [(400, Rejected), (403, NotAllowed), (500, Unavailable)])
def test_an_unknown_code_is_kept_and_the_status_decides(status: int, meaning: type[CrmError]) -> None:
    error = refused(status, "BRAND_NEW_CODE")
    assert type(error) is meaning
    assert error.code == "BRAND_NEW_CODE"


def test_a_refusal_names_its_fields() -> None:
    error = refused(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", fields=["LastName"])
    assert error.fields == ("LastName",)
    assert refused(400, "STRING_TOO_LONG", fields=None).fields == ()


def test_collections_call_the_code_by_another_name() -> None:
    error = classify(400, [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access"}])
    assert type(error) is RowLocked
    assert error.code == "UNABLE_TO_LOCK_ROW"


def test_a_lone_object_is_read_like_a_list_of_one() -> None:
    assert type(classify(400, {"errorCode": "STRING_TOO_LONG", "message": "too long"})) is Rejected


@pytest.mark.parametrize("body", [None, "", [], [{"errorCode": "ANYTHING", "message": "changed"}]])
def test_412_means_changed_since_whatever_the_body_says(body: Any) -> None:
    assert type(classify(412, body)) is MovedOn


# --- The limit ------------------------------------------------------------------------------------------------------


def pause(headers: dict[str, str]) -> timedelta:
    before = utc_now()
    error = classify(
        403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], headers
    )
    assert isinstance(error, RateLimited)
    assert error.retry_at is not None
    assert before <= error.retry_at - LIMIT_PAUSE <= utc_now() or headers
    return error.retry_at - before


def test_the_limit_without_a_time_pauses_for_a_while() -> None:
    assert pause({}) >= LIMIT_PAUSE


@pytest.mark.parametrize(("given", "least"), [("0", 0), ("90", 90), ("9" * 30, 86_400)])
def test_the_limit_with_a_time_pauses_for_that_and_a_day_at_most(given: str, least: int) -> None:
    assert timedelta(seconds=least) <= pause({"Retry-After": given}) < timedelta(seconds=least) + LIMIT_PAUSE


@pytest.mark.parametrize("given", ["", "soon", "-5", "1.5", "Sun, 22 Nov 2026 12:00:00 GMT"])
def test_a_time_that_cannot_be_read_is_as_good_as_none(given: str) -> None:
    assert pause({"Retry-After": given}) >= LIMIT_PAUSE


def test_only_the_limit_names_a_time() -> None:
    for code in ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"):
        error = refused(503, code)
        assert isinstance(error, RetryLater)
        assert error.retry_at is None


# --- Duplicates -----------------------------------------------------------------------------------------------------


def duplicates(key: str, *ids: str) -> dict[str, Any]:
    records = [{"additionalInformation": [], "fieldDiffs": [], "record": {"Id": each}} for each in ids]
    found = {"allowSave": False, "matchResults": [{"entityType": "Contact", "matchRecords": records, "size": len(ids)}]}
    return {"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", key: found}


@pytest.mark.parametrize("key", ["duplicateResut", "duplicateResult"])
def test_the_duplicates_are_found_under_the_wire_spelling_and_the_right_one(key: str) -> None:
    error = classify(400, [duplicates(key, ONE, TWO)])
    assert isinstance(error, DuplicateFound)
    assert error.record_ids == (ONE, TWO)


@pytest.mark.parametrize("found", [None, {}, {"matchResults": None}, {"matchResults": [{"matchRecords": None}]}])
def test_duplicates_that_are_not_shown_are_no_records(found: Any) -> None:
    error = refused(400, "DUPLICATES_DETECTED", "Use one of these records?", duplicateResut=found)
    assert isinstance(error, DuplicateFound)
    assert error.record_ids == ()


@pytest.mark.parametrize("record_id", [ONE, ONE[:15]])
def test_a_duplicate_value_names_its_record_in_the_text_and_it_is_told_in_full(record_id: str) -> None:
    text = f"duplicate value found: Ext__c duplicates value on record with id: {record_id}"
    error = refused(400, "DUPLICATE_VALUE", text)
    assert isinstance(error, DuplicateFound)
    assert error.record_ids == (ONE,)


def test_duplicates_of_other_objects_are_told_apart() -> None:
    found = duplicates("duplicateResut", ONE, TWO)
    found["duplicateResut"]["matchResults"][0]["matchRecords"][1]["record"]["attributes"] = {"type": "Lead"}
    error = classify(400, [found])
    assert isinstance(error, DuplicateFound)
    assert error.record_ids == (ONE, TWO)
    assert error.within("Contact").record_ids == (ONE,)


def test_a_long_word_is_no_record_id() -> None:
    error = refused(400, "DUPLICATES_DETECTED", "Recommendations: use an existing record.")
    assert isinstance(error, DuplicateFound)
    assert error.record_ids == ()


# --- The tree -------------------------------------------------------------------------------------------------------


def test_every_error_says_what_to_do_next() -> None:
    kinds = (errors.RetryLater, errors.RecordError, errors.ConnectionBroken)
    every = {*(each[2] for each in BY_CODE), *(each[1] for each in ANY_STATUS), *(each[1] for each in BY_STATUS)}
    assert all(sum(issubclass(each, kind) for kind in kinds) == 1 for each in every)
