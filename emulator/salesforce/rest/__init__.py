"""The REST API of the org over HTTP: login, limits, encodings and errors around the resources."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from emulator.journal import current_call
from emulator.salesforce.access import User
from emulator.salesforce.errors import ApiError
from emulator.salesforce.org import Org
from emulator.salesforce.rest import catalog
from emulator.salesforce.rest.call import Answer, Call, options
from emulator.salesforce.rest.router import check_version, dispatch

LONGEST_URI = 16_384
LARGEST_BODY = 50 * 1024 * 1024
_SMALLEST_GZIP = 1400
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_NO_STORE = "no-cache,must-revalidate,max-age=0,no-store,private"


def create_blueprint(org: Org) -> Blueprint:
    """Everything under `/services/data`."""
    blueprint = Blueprint("rest", __name__)

    def versions() -> Response:
        return _response(Answer(200, catalog.versions()), None)

    def resource(version: str, path: str = "") -> Response:
        try:
            answer = _answer(org, version, "/" + path)
        except ApiError as error:
            answer = Answer(error.status, [each.to_rest() for each in error.entries])
        except RequestEntityTooLarge:
            refusal = ApiError("REQUEST_ENTITY_TOO_LARGE", "The request is too large", status=413)
            answer = Answer(refusal.status, [refusal.to_rest()])
        except Exception:
            current_app.logger.exception("A resource failed")
            failure = ApiError("UNKNOWN_EXCEPTION", "An unexpected error occurred.", status=500)
            answer = Answer(failure.status, [failure.to_rest()])
        return _response(answer, org.limit.header())

    blueprint.add_url_rule("/services/data", view_func=versions, methods=["GET"], strict_slashes=False)
    for rule in ("/services/data/v<version>", "/services/data/v<version>/", "/services/data/v<version>/<path:path>"):
        blueprint.add_url_rule(rule, view_func=resource, methods=_METHODS, strict_slashes=False, merge_slashes=False)
    return blueprint


def _answer(org: Org, version: str, path: str) -> Answer:
    if len(request.environ.get("RAW_URI", "").encode("latin-1", "replace")) > LONGEST_URI:
        raise ApiError("URI_TOO_LONG", "The length of the URI exceeds the 16,384 byte limit", status=414)
    check_version(version)
    user = _user(org)
    org.limit.take()
    _count()
    headers = {name.lower(): value for name, value in request.headers.items()}
    call = Call(
        org=org,
        user=user,
        version=version,
        method="GET" if request.method == "HEAD" else request.method,
        path=path,
        arguments=request.args,
        headers=headers,
        raw_body=_body(headers),
    )
    return dispatch(call)


def _user(org: Org) -> User:
    """The user of the access token. Raises INVALID_SESSION_ID."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    session = org.sessions.authenticate(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
    user = org.user(session.user_id) if session else None
    if session is None or user is None or not user.active:
        raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
    journalled = current_call()
    if journalled is not None:
        journalled.user_id = user.id
        journalled.client = session.client_id
        journalled.client_name = options(request.headers.get("Sforce-Call-Options", "")).get("client")
    return user


def _count() -> None:
    journalled = current_call()
    if journalled is not None:
        journalled.counted = True


def _body(headers: Mapping[str, str]) -> bytes:
    raw = request.get_data(cache=False)
    if not raw:
        return raw
    if headers.get("content-encoding", "identity").lower() == "gzip":
        raw = _unpacked(raw)
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", f"Content type {kind or 'missing'} is not supported", status=415)
    return raw


def _unpacked(raw: bytes) -> bytes:
    """The body without gzip, and no bigger than a body may be."""
    unpack = zlib.decompressobj(wbits=31)
    try:
        plain = unpack.decompress(raw, LARGEST_BODY)
    except zlib.error as error:
        raise ApiError("JSON_PARSER_ERROR", "The body is not gzip") from error
    if unpack.unconsumed_tail:
        raise ApiError("REQUEST_ENTITY_TOO_LARGE", "The body is too large", status=413)
    return plain


def _response(answer: Answer, limit_info: str | None) -> Response:
    response = Response(status=answer.status)
    if answer.body is not None:
        _put_body(response, json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode())
    for name, value in answer.headers.items():
        response.headers[name] = value
    response.headers["Cache-Control"] = _NO_STORE
    response.headers["Vary"] = "Accept-Encoding"
    if limit_info is not None:
        response.headers["Sforce-Limit-Info"] = limit_info
    if answer.status == 401:
        response.headers["WWW-Authenticate"] = "Token"
    return response


def _put_body(response: Response, body: bytes) -> None:
    if len(body) >= _SMALLEST_GZIP and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, compresslevel=1)
        response.headers["Content-Encoding"] = "gzip"
    response.content_type = "application/json;charset=UTF-8"
    response.set_data(body)
