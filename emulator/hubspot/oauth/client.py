"""The app that asks: its id and secret, its redirect URIs, its scopes, and the proof key of its codes."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from emulator.hubspot.oauth.errors import OAuthError
from emulator.hubspot.portal import Portal
from emulator.oauth.proof_key import fits, is_challenge


def check_client(portal: Portal, given: Mapping[str, str]) -> None:
    """Raises for an unknown client id and for a wrong secret."""
    check_id(portal, given.get("client_id", ""))
    if not _same(given.get("client_secret", ""), portal.secrets.client_secret):
        raise OAuthError("BAD_CLIENT_SECRET", "missing or invalid client secret")


def check_id(portal: Portal, client_id: str) -> None:
    if not _same(client_id, portal.secrets.client_id):
        raise OAuthError("BAD_CLIENT_ID", "missing or unknown client id")


def check_redirect(portal: Portal, uri: str) -> None:
    """Refuse every redirect URI that does not match the registered one character by character."""
    if uri != portal.redirect_uri:
        raise OAuthError("BAD_REDIRECT_URI", "redirect URI is not registered with the app")


def granted_scopes(portal: Portal, asked: str, optional: str) -> str:
    """The scopes of a new grant. Raises for one that the app may not have, and for each it requires and lacks.

    Source: HubSpot's scopes page: required scopes must be in the address's `scope`, or the installation fails.
    """
    names = asked.split()
    unknown = [name for name in names if name not in portal.scopes]
    if not names or unknown:
        raise OAuthError("BAD_REQUEST", f"missing or unknown scopes: {', '.join(unknown) or 'none were given'}")
    lacking = [name for name in portal.required_scopes if name not in names]
    if lacking:
        raise OAuthError("BAD_REQUEST", f"the app requires scopes that are not asked for: {', '.join(lacking)}")
    return " ".join(dict.fromkeys([*names, *(name for name in optional.split() if name in portal.scopes)]))


def checked_challenge(challenge: str, method: str) -> str:
    """A code challenge is not asked for; one that is sent has to be S256."""
    if not challenge and not method:
        return ""
    if method != "S256" or not is_challenge(challenge):
        raise OAuthError("BAD_REQUEST", "code challenge must be S256")
    return challenge


def check_verifier(verifier: str, challenge: str) -> None:
    """Whoever began with a challenge has to show what it was made of."""
    if not challenge:
        return
    if not fits(verifier, challenge):
        raise OAuthError("BAD_CODE_VERIFIER", "missing or invalid code verifier")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
