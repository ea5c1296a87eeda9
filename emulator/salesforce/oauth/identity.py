"""Who a token belongs to: the identity URL, userinfo, and the key that ID tokens are checked with."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from flask import Blueprint, Response, jsonify, request

from emulator.salesforce.access import User
from emulator.salesforce.ids import MalformedId, normalise
from emulator.salesforce.oauth.answers import identity_url, key_id
from emulator.salesforce.org import Org
from emulator.sessions import Session


class IdentityError(Exception):
    """The identity services answer 403 with one bare word."""


def register(blueprint: Blueprint, org: Org) -> None:
    """Add `/id/<org>/<user>`, `/services/oauth2/userinfo` and `/id/keys`."""

    @blueprint.get("/id/<org_id>/<user_id>")
    def identity(org_id: str, user_id: str) -> Response:
        session = _session(org)
        if _full_id(org_id) != org.id:
            raise IdentityError("Wrong_Org")
        if _full_id(user_id) != session.user_id:
            raise IdentityError("Bad_Id")
        return jsonify(_identity(org, _user(org, session)))

    @blueprint.route("/services/oauth2/userinfo", methods=["GET", "POST"])
    def userinfo() -> Response:
        return jsonify(_userinfo(org, _user(org, _session(org))))

    @blueprint.get("/id/keys")
    def keys() -> Response:
        return jsonify(keys=[_public_key(org)])

    @blueprint.errorhandler(IdentityError)
    def refused(error: IdentityError) -> Response:
        return Response(str(error), status=403, mimetype="text/html")


def _session(org: Org) -> Session:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip() if scheme.lower() in ("bearer", "oauth") else request.values.get("access_token", "")
    if not token:
        raise IdentityError("Missing_OAuth_Token")
    session = org.sessions.authenticate(token)
    if session is None:
        raise IdentityError("Bad_OAuth_Token")
    return session


def _user(org: Org, session: Session) -> User:
    user = org.user(session.user_id)
    if user is None or not user.active:
        raise IdentityError("Inactive_User")
    return user


def _full_id(text: str) -> str | None:
    try:
        return normalise(text)
    except MalformedId:
        return None


def _urls(org: Org, user: User) -> dict[str, str]:
    base, data = org.public_url, f"{org.public_url}/services/data/v{{version}}"
    return {
        "rest": f"{data}/",
        "sobjects": f"{data}/sobjects/",
        "search": f"{data}/search/",
        "query": f"{data}/query/",
        "recent": f"{data}/recent/",
        "profile": f"{base}/{user.id}",
        "custom_domain": base,
    }


def _identity(org: Org, user: User) -> dict[str, Any]:
    return {
        "id": identity_url(org, user.id),
        "asserted_user": True,
        "user_id": user.id,
        "organization_id": org.id,
        "username": user.username,
        "display_name": user.name,
        "email": user.email,
        "email_verified": True,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "timezone": user.time_zone,
        "active": user.active,
        "user_type": "STANDARD",
        "language": user.language,
        "locale": user.locale,
        "utcOffset": 0,
        "is_app_installed": True,
        "urls": _urls(org, user),
    }


def _userinfo(org: Org, user: User) -> dict[str, Any]:
    return {
        "sub": identity_url(org, user.id),
        "user_id": user.id,
        "organization_id": org.id,
        "preferred_username": user.username,
        "nickname": user.username.partition("@")[0],
        "name": user.name,
        "given_name": user.first_name,
        "family_name": user.last_name,
        "email": user.email,
        "email_verified": True,
        "zoneinfo": user.time_zone,
        "locale": user.locale,
        "language": user.language,
        "active": user.active,
        "user_type": "STANDARD",
        "is_app_installed": True,
        "urls": _urls(org, user),
    }


def _public_key(org: Org) -> dict[str, str]:
    key = x509.load_pem_x509_certificate(org.secrets.lwc_certificate.encode("ascii")).public_key()
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the org's certificate holds no RSA key")
    numbers = key.public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key_id(org),
        "n": _base64_number(numbers.n),
        "e": _base64_number(numbers.e),
    }


def _base64_number(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
