"""The org's secrets: made once, kept in the data directory, readable by their owner only."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator.private_files import write_private


@dataclass(frozen=True, slots=True)
class Secrets:
    """The external client app's id and secret, the Canvas app's secret, the key pair that Apex signs with."""

    client_id: str
    client_secret: str
    canvas_secret: str
    lwc_private_key: str
    lwc_certificate: str


def load_or_make(path: Path) -> Secrets:
    """Read the secrets from `path`, or make them there with file mode 0600."""
    if path.exists():
        return Secrets(**json.loads(path.read_text("utf-8")))
    made = _make()
    write_private(path, json.dumps(asdict(made), indent=2))
    return made


def _make() -> Secrets:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Secrets(
        client_id="3MVG9" + secrets.token_urlsafe(60),
        client_secret=secrets.token_hex(32).upper(),
        canvas_secret=secrets.token_hex(32).upper(),
        lwc_private_key=private_pem.decode("ascii"),
        lwc_certificate=_certificate(key),
    )


def _certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Panel_Launch")])
    started_at = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(started_at)
        .not_valid_after(started_at + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
