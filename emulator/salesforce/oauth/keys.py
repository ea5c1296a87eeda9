"""The key pair of the JWT bearer flow: the client signs with the key, the org knows the certificate.

In a real org the client's administrator uploads the certificate. Here the pair is made on first use and left
in the data directory, the key readable by its owner only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator.private_files import write_private

KEY_FILE = "jwt_bearer_key.pem"
CERTIFICATE_FILE = "jwt_bearer_certificate.pem"


def jwt_bearer_certificate(data_dir: Path) -> str:
    """The PEM certificate registered for the app; makes the pair when it is not there yet."""
    path = data_dir / CERTIFICATE_FILE
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        write_private(data_dir / KEY_FILE, _private_pem(key))
        write_private(path, _certificate_pem(key))
    return path.read_text("ascii")


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def _certificate_pem(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CRM_Sync_Server")])
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
