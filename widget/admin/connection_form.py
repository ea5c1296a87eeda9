"""What an admin types about a connection, checked before anything leaves this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from config.settings import Settings
from jobs.models import Connection
from jobs.runtime import utc_now
from jobs.values import clean_text, email_key

MY_DOMAIN = ".my.salesforce.com"
NOT_MY_DOMAIN = (
    "Enter the org's My Domain address: it starts with https:// and ends in .my.salesforce.com. "
    "Salesforce shows it under Setup, My Domain."
)
LIGHTNING = ".lightning.force.com"
HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})+")
LONGEST = {"name": 200, "client_id": 300, "launch_issuer": 300, "launch_certificate": 20_000, "allowed_emails": 20_000}
LONGEST_SECRET = 500
SECRETS = ("client_secret", "access_token", "canvas_secret", "hint_secret")
SMALLEST_KEY_BITS = 2048


class FormErrors(ValueError):
    """Field name -> the sentence beside that field."""

    def __init__(self, by_field: dict[str, str]) -> None:
        super().__init__("; ".join(by_field.values()))
        self.by_field = by_field


@dataclass(frozen=True)
class Draft:
    """As typed. Empty secrets mean: keep what is stored."""

    name: str = ""
    base_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    access_token: str = ""
    canvas_secret: str = ""
    forget_canvas_secret: bool = False
    hint_secret: str = ""
    forget_hint_secret: bool = False
    launch_issuer: str = ""
    launch_certificate: str = ""
    allowed_emails: str = ""


def typed(form: Mapping[str, str]) -> Draft:
    def text(name: str) -> str:
        return clean_text(form.get(name, "")) or ""

    return Draft(
        name=text("name"),
        base_url=text("base_url"),
        client_id=text("client_id"),
        client_secret=text("client_secret"),
        access_token=text("access_token"),
        canvas_secret=text("canvas_secret"),
        forget_canvas_secret=form.get("forget_canvas_secret") == "1",
        hint_secret=text("hint_secret"),
        forget_hint_secret=form.get("forget_hint_secret") == "1",
        launch_issuer=text("launch_issuer"),
        launch_certificate=text("launch_certificate"),
        allowed_emails=text("allowed_emails"),
    )


def stored(connection: Connection) -> Draft:
    """What the edit form starts with. Secrets never leave the server."""
    return Draft(
        name=connection.name,
        base_url=connection.base_url,
        client_id=connection.client_id,
        launch_issuer=connection.launch_issuer,
        launch_certificate=connection.launch_certificate,
        allowed_emails="\n".join(connection.allowed_emails),
    )


def check_lengths(draft: Draft) -> None:
    """Raises FormErrors."""
    limits = LONGEST | dict.fromkeys(SECRETS, LONGEST_SECRET)
    errors = {
        name: f"At most {limit:,} characters." for name, limit in limits.items() if len(getattr(draft, name)) > limit
    }
    if errors:
        raise FormErrors(errors)


def check_rest(draft: Draft) -> None:
    """The fields that only Save needs. Raises FormErrors."""
    check_lengths(draft)
    errors = {}
    if not draft.name:
        errors["name"] = "Give the connection a name, such as that of the org or account."
    if bool(draft.launch_issuer) != bool(draft.launch_certificate):
        missing = "launch_certificate" if draft.launch_issuer else "launch_issuer"
        errors[missing] = "A launch by Apex needs both the issuer and the certificate."
    if draft.launch_certificate:
        try:
            read_certificate(draft.launch_certificate)
        except ValueError as error:
            errors["launch_certificate"] = str(error)
    try:
        addresses(draft.allowed_emails)
    except ValueError as error:
        errors["allowed_emails"] = str(error)
    if errors:
        raise FormErrors(errors)


def addresses(text: str) -> list[str]:
    """The email addresses in a text, each once, however they are set apart. Raises ValueError."""
    found = {each: email_key(each) for each in re.split(r"[\s,;]+", text) if each}
    if wrong := next((each for each, address in found.items() if address is None), None):
        raise ValueError(f"“{wrong[:80]}” is not an email address.")
    return list(dict.fromkeys(address for address in found.values() if address))


def my_domain_url(text: str, settings: Settings) -> str:
    """The org's origin from what people paste: a host, a page's address, a Lightning address. Raises ValueError."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        raise ValueError(NOT_MY_DOMAIN) from None
    # With a port or a user name in it, `netloc` is no bare host and fits neither test below.
    host = parts.netloc.lower()
    if host in settings.trusted_crm_hosts:
        return f"http://{host}"
    if host.endswith(LIGHTNING):
        host = host.removesuffix(LIGHTNING) + MY_DOMAIN
    if parts.scheme != "https" or not HOST.fullmatch(host) or not host.endswith(MY_DOMAIN):
        raise ValueError(NOT_MY_DOMAIN)
    return f"https://{host}"


@dataclass(frozen=True)
class Certificate:
    subject: str
    fingerprint: str
    ends: str


def read_certificate(pem: str) -> Certificate:
    """Raises ValueError with a sentence for whoever pasted it."""
    if "PRIVATE KEY" in pem:
        raise ValueError("This is a private key. It must never leave Salesforce: paste the certificate.")
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise ValueError("This is not a certificate in PEM form. It starts with -----BEGIN CERTIFICATE-----.") from None
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST_KEY_BITS:
        raise ValueError(f"The certificate must hold an RSA key of at least {SMALLEST_KEY_BITS} bits.")
    if certificate.not_valid_after_utc < utc_now():
        raise ValueError(f"The certificate ended on {certificate.not_valid_after_utc:%d %b %Y}: make a new one.")
    return Certificate(
        certificate.subject.rfc4514_string(),
        certificate.fingerprint(SHA256()).hex(":").upper(),
        f"{certificate.not_valid_after_utc:%d %b %Y}",
    )
