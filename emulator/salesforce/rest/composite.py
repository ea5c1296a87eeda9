"""`/composite`: up to 25 calls in one, later ones referring to the answers of earlier ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from flask import current_app

from emulator.journal import current_call
from emulator.salesforce.errors import ApiError, bad_json
from emulator.salesforce.numerals import whole_number
from emulator.salesforce.rest.call import Answer, Call

MOST_SUBREQUESTS = 25
MOST_QUERIES = 5
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_FORBIDDEN_HEADERS = frozenset({"accept", "authorization", "content-type"})
_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_PATH = re.compile(r"/services/data/v(\d+\.\d)(/.*)")
_QUERY_PATHS = re.compile(r"/(query|queryAll)/?$|/composite/sobjects(/|$)")

Dispatch = Callable[[Call], Answer]


class _RollBack(Exception):
    """Undo the transaction; the answers have been collected."""


def run(call: Call, dispatch: Dispatch) -> Answer:
    """Answer all subrequests. The top level is 200 whatever they answer."""
    parts = _subrequests(call.record)
    answers: dict[str, Answer] = {}
    if call.record.get("allOrNone") is not True:
        for part in parts:
            answers[part["referenceId"]] = _one(call, part, answers, dispatch)
        return _collected(call, parts, answers)
    try:
        with call.org.rows.transaction():
            for part in parts:
                answer = answers[part["referenceId"]] = _one(call, part, answers, dispatch)
                if answer.status >= 400:
                    raise _RollBack
    except _RollBack:
        answers = {reference: _kept(answers.get(reference)) for reference in (part["referenceId"] for part in parts)}
    return _collected(call, parts, answers)


def _subrequests(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts, checked as a whole. Raises for what makes the entire call invalid."""
    parts = body.get("compositeRequest")
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise bad_json("compositeRequest must be a list of subrequests")
    if len(parts) > MOST_SUBREQUESTS:
        raise ApiError("LIMIT_EXCEEDED", f"The composite request has more than {MOST_SUBREQUESTS} subrequests")
    for part in parts:
        _check_part(part)
    references = [part["referenceId"] for part in parts]
    if len(set(references)) != len(references):
        raise ApiError("INVALID_INPUT", "The referenceId of each subrequest must be unique")
    if sum(bool(_QUERY_PATHS.search(part["url"].partition("?")[0])) for part in parts) > MOST_QUERIES:
        raise ApiError(
            "LIMIT_EXCEEDED", f"The composite request has more than {MOST_QUERIES} query or collections subrequests"
        )
    return parts


def _check_part(part: Mapping[str, Any]) -> None:
    reference, url, method = part.get("referenceId"), part.get("url"), part.get("method")
    if not isinstance(reference, str) or not _REFERENCE_ID.fullmatch(reference):
        raise ApiError("INVALID_INPUT", f"Provided referenceId ('{reference}') must match {_REFERENCE_ID.pattern}")
    if not isinstance(url, str) or not isinstance(method, str) or method.upper() not in _METHODS:
        raise ApiError("INVALID_INPUT", f"The subrequest {reference} needs a method and a url")
    headers = part.get("httpHeaders", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise bad_json(f"httpHeaders of {reference} must be an object of texts")
    forbidden = [name for name in headers if name.lower() in _FORBIDDEN_HEADERS]
    if forbidden:
        raise ApiError("INVALID_INPUT", f"The header {forbidden[0]} cannot be set on a subrequest ({reference})")


def _one(call: Call, part: Mapping[str, Any], answers: Mapping[str, Answer], dispatch: Dispatch) -> Answer:
    try:
        inner = _inner_call(call, part, answers)
        answer = dispatch(inner)
    except ApiError as error:
        answer = Answer(error.status, [each.to_rest() for each in error.entries])
    except Exception:  # one part that breaks is one part's answer: the others have been done
        current_app.logger.exception("A subrequest failed")
        answer = Answer(500, [ApiError("UNKNOWN_EXCEPTION", "An unexpected error occurred.").to_rest()])
    _note(part, answer)
    return answer


def _inner_call(call: Call, part: Mapping[str, Any], answers: Mapping[str, Answer]) -> Call:
    path, _, query = _filled_text(part["url"], answers).partition("?")
    found = _PATH.fullmatch(path)
    if found is None:
        raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
    headers = {name.lower(): value for name, value in part.get("httpHeaders", {}).items()}
    inner = Call(
        org=call.org,
        user=call.user,
        version=found[1],
        method=part["method"].upper(),
        path=unquote(found[2]),
        arguments=dict(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        in_composite=True,
    )
    if "body" in part:
        inner.given_body = _filled(part["body"], answers)
    return inner


def _filled(value: Any, answers: Mapping[str, Answer]) -> Any:
    """The value with all references in its texts replaced."""
    if isinstance(value, str):
        return _filled_text(value, answers)
    if isinstance(value, list):
        return [_filled(each, answers) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, answers) for key, each in value.items()}
    return value


def _filled_text(text: str, answers: Mapping[str, Answer]) -> str:
    return _REFERENCE.sub(lambda found: str(_referred(found[1], found[2], answers)), text)


def _referred(reference: str, steps: str, answers: Mapping[str, Answer]) -> Any:
    answer = answers.get(reference)
    value = None if answer is None or answer.status >= 300 else answer.body
    for found in _STEP.finditer(steps):
        value = _step(value, *found.groups())
    if value is None or isinstance(value, dict | list):
        raise ApiError(
            "PROCESSING_HALTED", f"Invalid reference specified. No value for {reference}{steps} found in {reference}"
        )
    return value


def _step(value: Any, name: str | None, place: str | None) -> Any:
    """One step into an answer: a key of an object or a place in a list. None where there is no such thing."""
    if name is not None:
        return value.get(name) if isinstance(value, dict) else None
    index = whole_number(place or "")
    return value[index] if isinstance(value, list) and index is not None and index < len(value) else None


def _kept(answer: Answer | None) -> Answer:
    """What a subrequest of an undone transaction answers: only the failed one keeps its own answer."""
    if answer is not None and answer.status >= 400:
        return answer
    halted = ApiError(
        "PROCESSING_HALTED",
        "The transaction was rolled back since another operation in the same transaction failed.",
    )
    return Answer(400, [halted.to_rest()])


def _collected(call: Call, parts: list[dict[str, Any]], answers: Mapping[str, Answer]) -> Answer:
    return Answer(
        200,
        {
            "compositeResponse": [
                {
                    "body": answers[part["referenceId"]].body,
                    "httpHeaders": dict(answers[part["referenceId"]].headers),
                    "httpStatusCode": answers[part["referenceId"]].status,
                    "referenceId": part["referenceId"],
                }
                for part in parts
            ]
        },
    )


def _note(part: Mapping[str, Any], answer: Answer) -> None:
    journalled = current_call()
    if journalled is not None:
        journalled.subrequests.append({"method": part["method"].upper(), "path": part["url"], "status": answer.status})
