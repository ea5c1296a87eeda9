"""Launch proofs as Salesforce publishes their formats, built without the product and without the stand-in org."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import jwt

Json = dict[str, Any]

SESSION_IN_LOCATION = "00Dxx0000000000!AQ_a_session_id_that_nobody_may_log"


def canvas_envelope(
    *, org: Json, user: Json, token: str, object_name: str, record_id: str, location: str = "Aura"
) -> Json:
    """The documented CanvasRequest. Aura: the record travels in `parameters`; a page layout says it in `record`."""
    data = "/services/data/v67.0"
    in_aura = location == "Aura"
    record = {"attributes": {"type": object_name, "url": f"{data}/sobjects/{object_name}/{record_id}"}, "Id": record_id}
    return {
        "algorithm": "HMACSHA256",
        "issuedAt": None,
        "userId": user["id"],
        "client": {
            "refreshToken": None,
            "instanceId": f"_:CRM_Sync_Widget:{uuid.uuid4().hex[:12]}",
            "instanceUrl": org["url"],
            "targetOrigin": org["url"],
            "oauthToken": token,
        },
        "context": {
            "user": {
                "userId": user["id"],
                "userName": user["username"],
                "fullName": user["name"],
                "locale": "en_US",
                "language": "en_US",
                "timeZone": "Etc/UTC",
            },
            "links": {"restUrl": f"{data}/", "userUrl": f"/{user['id']}"},
            "application": {"developerName": "CRM_Sync_Widget", "authType": "SIGNED_REQUEST", "version": "1.0"},
            "organization": {"organizationId": org["org_id"], "name": "Sample Org", "namespacePrefix": None},
            "environment": {
                # Real pages of the older kind carry the session id here.
                "locationUrl": f"{org['url']}/{record_id}?sid={SESSION_IN_LOCATION}",
                "displayLocation": location,
                "sublocation": None,
                "uiTheme": "Theme4d",
                "dimensions": {"width": "100%", "height": "420px", "maxWidth": "1000px", "maxHeight": "2000px"},
                "parameters": {"recordId": record_id, "objectApiName": object_name} if in_aura else {},
                "record": {} if in_aura else record,
                "version": {"season": "SUMMER", "api": "67.0"},
            },
        },
    }


def encoded(envelope: Any) -> str:
    """The payload of a signed request: standard base64 of the JSON."""
    return b64encode(json.dumps(envelope).encode()).decode()


def signed(payload: str, secret: str) -> str:
    """`<signature>.<payload>`: HMAC-SHA256 over the payload as encoded."""
    mac = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    return f"{b64encode(mac).decode()}.{payload}"


def url_safe(text: str) -> str:
    """The URL-safe alphabet in place of the standard one."""
    return text.replace("+", "-").replace("/", "_")


def apex_claims(
    *, org: Json, user: Json, audience: str, object_name: str, record_id: str, read: list[str], edit: list[str]
) -> Json:
    """What an Apex class puts into its JWT once a query in user mode has found the record."""
    now = int(time.time())
    return {
        "iss": org["lwc_issuer"],
        "sub": user["id"],
        "aud": audience,
        "iat": now,
        "nbf": now - 5,
        "exp": now + 60,
        "jti": uuid.uuid4().hex,
        "org_id": org["org_id"],
        "object": object_name,
        "record_id": record_id,
        "user_name": user["name"],
        "locale": "en_US",
        "time_zone": "Etc/UTC",
        "fields": {"read": read, "edit": edit},
    }


def apex_signed(claims: Json, private_key: str, **headers: Any) -> str:
    """`Auth.JWS` of Apex: compact, RS256."""
    return jwt.encode(claims, private_key, algorithm="RS256", headers=headers or None)


def unsigned(claims: Json) -> str:
    """A JWT that says `alg: none`."""
    head, body = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, body)) + "."
