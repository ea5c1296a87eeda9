"""How the org opens the panel: Canvas signed requests, and the RS256 token that Apex signs for an LWC."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any, Literal

import jwt

from emulator.salesforce.access import User
from emulator.salesforce.ids import normalise
from emulator.salesforce.oauth.app import token_lifetime
from emulator.salesforce.org import Org
from emulator.salesforce.schema import Field

CANVAS_PATH = "/launch/salesforce/canvas"
LWC_PATH = "/launch/salesforce/lwc"
API_VERSION = "67.0"
TOKEN_LIFETIME = timedelta(seconds=60)

Location = Literal["Aura", "PageLayout"]


class RecordNotVisibleError(LookupError):
    """The user may not see the record, or there is none: Apex in user mode finds no row and signs nothing."""


def canvas_url(org: Org) -> str:
    return org.panel_url + CANVAS_PATH


def lwc_audience(org: Org) -> str:
    return org.panel_url + LWC_PATH


def lwc_issuer(org: Org) -> str:
    """What `iss` says in Apex-signed tokens: the 18-character org id."""
    return org.id


def new_canvas_instance() -> str:
    """The id that ties a frame (`canvas-frame-<id>`) to the messages it posts."""
    return f"_:CRM_Sync_Widget:{secrets.token_hex(6)}"


def canvas_signed_request(
    org: Org,
    user: User,
    object_name: str,
    record_id: str,
    *,
    location: Location = "Aura",
    instance_id: str | None = None,
    theme: str = "",
) -> str:
    """A new envelope `<signature>.<payload>`, both standard base64 with padding.

    `theme` (`light` or `dark`) is what our own Lightning component would pass on as a parameter; empty when the
    host follows the system. As in a real org the record id is only said, not proved: nothing here checks that
    the user may see it.
    """
    envelope = {
        "algorithm": "HMACSHA256",
        "issuedAt": _wrapped_millis(org.clock.now()),
        "userId": user.id,
        "client": _client(org, user, instance_id or new_canvas_instance()),
        "context": {
            "user": _user(org, user),
            "links": _links(user),
            "application": _application(org),
            "organization": _organization(org),
            "environment": _environment(org, object_name, record_id, location=location, theme=theme),
        },
    }
    payload = b64encode(json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode())
    mac = hmac.new(org.secrets.canvas_secret.encode(), payload, hashlib.sha256).digest()
    return f"{b64encode(mac).decode('ascii')}.{payload.decode('ascii')}"


def apex_token(org: Org, user: User, object_name: str, record_id: str, *, theme: str = "") -> str:
    """The compact JWS (RS256) that the org's Apex class signs for its LWC; valid for 60 seconds.

    `theme` is what the LWC passes on, as for Canvas; the claim is absent when the host follows the system.
    Raises RecordNotVisibleError when the user cannot see the record.
    """
    record_id = normalise(record_id)
    readable, editable = visible_fields(org, user, object_name, record_id)
    issued_at = int(org.clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": lwc_issuer(org),
        "sub": user.id,
        "aud": lwc_audience(org),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + int(TOKEN_LIFETIME.total_seconds()),
        "jti": secrets.token_urlsafe(18),
        "org_id": org.id,
        "object": object_name,
        "record_id": record_id,
        "user_name": user.name,
        "locale": user.locale,
        "language": user.language,
        "time_zone": user.time_zone,
        "currency": "USD",
        "fields": {"read": readable, "edit": editable},
    }
    if theme:
        claims["theme"] = theme
    return jwt.encode(claims, org.secrets.lwc_private_key, algorithm="RS256")


def visible_fields(org: Org, user: User, object_name: str, record_id: str) -> tuple[list[str], list[str]]:
    """The names of the fields that the user may read and of those they may edit, on this record.

    Raises RecordNotVisibleError.
    """
    object_type = org.store.object_type(object_name, user)
    row = org.store.row(object_type, record_id, user) if object_type else None
    if object_type is None or row is None:
        raise RecordNotVisibleError(f"{user.username} sees no {object_name} {record_id}")
    fields = org.store.fields(object_type, user)
    readable = [field.name for field in fields]
    if not object_type.updateable or org.store.access(object_type, row, user) != "edit":
        return readable, []
    return readable, [field.name for field in fields if may_edit(object_type.name, field, user)]


def may_edit(object_name: str, field: Field, user: User) -> bool:
    return field.updateable and user.rights.on_field(object_name, field.name) == "edit"


def _wrapped_millis(at: datetime) -> int:
    """Milliseconds squeezed into 32 signed bits: `issuedAt` tells no time in real envelopes either."""
    return (int(at.timestamp() * 1000) + 2**31) % 2**32 - 2**31


def _client(org: Org, user: User, instance_id: str) -> dict[str, Any]:
    token = org.sessions.issue(user.id, org.secrets.client_id, scope="api id", lifetime=token_lifetime(org))
    return {
        "refreshToken": None,
        "instanceId": instance_id,
        "instanceUrl": org.public_url,
        "targetOrigin": org.public_url,
        "oauthToken": token,
    }


def _user(org: Org, user: User) -> dict[str, Any]:
    row = org.rows.get("User", user.id) or {}
    return {
        "userId": user.id,
        "userName": user.username,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "email": user.email,
        "fullName": user.name,
        "locale": user.locale,
        "language": user.language,
        "timeZone": user.time_zone,
        "profileId": row.get("ProfileId"),
        "roleId": row.get("UserRoleId"),
        "userType": "STANDARD",
        "currencyISOCode": "USD",
        "profilePhotoUrl": f"{org.public_url}/profilephoto/005/F",
        "profileThumbnailUrl": f"{org.public_url}/profilephoto/005/T",
        "siteUrl": None,
        "siteUrlPrefix": None,
        "networkId": None,
        "accessibilityModeEnabled": False,
        "isDefaultNetwork": True,
    }


def _links(user: User) -> dict[str, str]:
    data = f"/services/data/v{API_VERSION}"
    return {
        "loginUrl": "/",
        "enterpriseUrl": f"/services/Soap/c/{API_VERSION}/",
        "metadataUrl": f"/services/Soap/m/{API_VERSION}/",
        "partnerUrl": f"/services/Soap/u/{API_VERSION}/",
        "restUrl": f"{data}/",
        "sobjectUrl": f"{data}/sobjects/",
        "searchUrl": f"{data}/search/",
        "queryUrl": f"{data}/query/",
        "recentItemsUrl": f"{data}/recent/",
        "chatterFeedsUrl": f"{data}/chatter/feeds",
        "chatterGroupsUrl": f"{data}/chatter/groups",
        "chatterUsersUrl": f"{data}/chatter/users",
        "chatterFeedItemsUrl": f"{data}/chatter/feed-items",
        "userUrl": f"/{user.id}",
    }


def _application(org: Org) -> dict[str, Any]:
    return {
        "namespace": "",
        "name": "CRM Sync",
        "canvasUrl": canvas_url(org),
        "applicationId": "06P" + org.id[3:15],
        "version": "1.0",
        "authType": "SIGNED_REQUEST",
        "referenceId": "09H" + org.id[3:15],
        "options": [],
        "samlInitiationMethod": "None",
        "developerName": "CRM_Sync_Widget",
        "isInstalledPersonalApp": False,
    }


def _organization(org: Org) -> dict[str, Any]:
    return {
        "organizationId": org.id,
        "name": org.name,
        "multicurrencyEnabled": False,
        "namespacePrefix": None,
        "currencyIsoCode": "USD",
    }


def _environment(org: Org, object_name: str, record_id: str, *, location: Location, theme: str) -> dict[str, Any]:
    """Aura: `record` is empty and the id travels in `parameters`. PageLayout: the other way round.

    `locationUrl` carries something that looks like a session id, as Classic pages do: nobody may log it.
    """
    bait = f"{org.id[:15]}!AQ_not_a_real_session_never_log_this"
    in_aura = location == "Aura"
    parameters = {"recordId": record_id, "recordType": "", "objectApiName": object_name}
    if theme:
        parameters["theme"] = theme
    return {
        "locationUrl": f"{org.public_url}/lightning/r/{object_name}/{record_id}/view?sid={bait}",
        "displayLocation": location,
        "sublocation": None,
        "uiTheme": "Theme4d",
        "dimensions": {
            "width": "100%",
            "height": "420px",
            "maxWidth": "1000px",
            "maxHeight": "4000px",
            "clientWidth": "358px",
            "clientHeight": "420px",
        },
        "parameters": parameters if in_aura else {},
        "record": {} if in_aura else _record(object_name, record_id),
        "version": {"season": "SUMMER", "api": API_VERSION},
    }


def _record(object_name: str, record_id: str) -> dict[str, Any]:
    url = f"/services/data/v{API_VERSION}/sobjects/{object_name}/{record_id}"
    return {"attributes": {"type": object_name, "url": url}, "Id": record_id}
