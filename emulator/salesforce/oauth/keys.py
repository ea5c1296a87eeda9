"""The key pair of the JWT bearer flow: the client signs with the key, the org knows the certificate.

In a real org the client's administrator uploads the certificate. Here the pair is made on first use and left
in the data directory, the key readable by its owner only.
"""

from __future__ import annotations

from pathlib import Path

from emulator.private_files import write_private
from emulator.salesforce.certificates import key_pair

KEY_FILE = "jwt_bearer_key.pem"
CERTIFICATE_FILE = "jwt_bearer_certificate.pem"


def jwt_bearer_certificate(data_dir: Path) -> str:
    """The PEM certificate registered for the app; makes the pair when it is not there yet."""
    path = data_dir / CERTIFICATE_FILE
    if not path.exists():
        private_key, certificate = key_pair("CRM_Sync_Server")
        write_private(data_dir / KEY_FILE, private_key)
        write_private(path, certificate)
    return path.read_text("ascii")
