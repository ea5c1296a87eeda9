"""The CRM API of the portal over HTTP: login, limits, headers and errors around the resources."""

from __future__ import annotations

import json
import uuid

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from emulator.hubspot import errors
from emulator.hubspot.access import Access
from emulator.hubspot.errors import ApiError
from emulator.hubspot.portal import Portal
from emulator.hubspot.rest.call import Answer, Call
from emulator.hubspot.rest.router import dispatch, is_search, split_path
from emulator.journal import current_call

LONGEST_URI = 16_000
LARGEST_BODY = 20 * 1024 * 1024
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_ROOTS = ("crm", "crm-object-schemas", "account-info", "properties")


def create_blueprint(portal: Portal) -> Blueprint:
    """Every path of the API but those of OAuth."""
    blueprint = Blueprint("rest", __name__)

    def resource(path: str) -> Response:
        headers: dict[str, str] = {}
        correlation_id = str(uuid.uuid4())
        try:
            answer = _answer(portal, headers)
        except ApiError as error:
            answer = Answer(error.status, error.to_json(correlation_id))
        except RequestEntityTooLarge:
            refusal = ApiError("Request entity too large", status=413, category="REQUEST_TOO_LARGE")
            answer = Answer(refusal.status, refusal.to_json(correlation_id))
        except Exception:
            current_app.logger.exception("A resource failed")
            failure = ApiError("There was a problem with the request.", status=500, category="INTERNAL_ERROR")
            answer = Answer(failure.status, failure.to_json(correlation_id))
        return _response(answer, {**headers, "X-HubSpot-Correlation-Id": correlation_id})

    for root in _ROOTS:
        blueprint.add_url_rule(f"/{root}/<path:path>", view_func=resource, methods=_METHODS, strict_slashes=False)
    return blueprint


def _answer(portal: Portal, headers: dict[str, str]) -> Answer:
    """Answer the request; `headers` gets what is said about the limits, also when the call is refused."""
    if len(request.environ.get("RAW_URI", "").encode("latin-1", "replace")) > LONGEST_URI:
        raise ApiError("URI Too Long", status=414, category="VALIDATION_ERROR")
    access = _access(portal)
    family, version, path = split_path(request.path)
    call = Call(
        portal=portal,
        access=access,
        family=family,
        version=version,
        method="GET" if request.method == "HEAD" else request.method,
        path=path,
        arguments=request.args,
        raw_body=_body(),
    )
    if is_search(call):
        portal.limits.take_search()
        _count()
        return dispatch(call)
    try:
        portal.limits.take(access.app, oauth=access.oauth)
        _count()
    finally:
        headers |= portal.limits.headers(access.app, oauth=access.oauth)
    return dispatch(call)


def _access(portal: Portal) -> Access:
    """What the access token stands for. Raises the refusal of a missing, unknown or expired one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise errors.no_credentials()
    access = portal.access(token)
    if access is None:
        raise _dead(portal, token)
    journalled = current_call()
    if journalled is not None:
        journalled.user_id = None if access.user_id is None else str(access.user_id)
        journalled.client = access.client
    return access


def _dead(portal: Portal, token: str) -> ApiError:
    session = portal.sessions.known(token)
    if session is None or session.expires_at is None:
        return errors.no_credentials()
    return errors.expired_token(max(0, int((portal.clock.now() - session.expires_at).total_seconds())))


def _count() -> None:
    journalled = current_call()
    if journalled is not None:
        journalled.counted = True


def _body() -> bytes:
    raw = request.get_data(cache=False)
    if raw and request.mimetype != "application/json":
        raise ApiError(f"Content type {request.mimetype or 'missing'} is not supported", status=415)
    return raw


def _response(answer: Answer, headers: dict[str, str]) -> Response:
    response = Response(status=answer.status)
    if answer.body is not None:
        response.content_type = "application/json;charset=utf-8"
        response.set_data(json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode())
    for name, value in {**headers, **answer.headers}.items():
        response.headers[name] = value
    response.headers["Vary"] = "origin, Accept-Encoding"
    return response
