"""Seal what must be kept and not be read: encrypted and signed with keys of this copy."""

import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder


class Seal:
    """Seals with the first secret and opens with any: an old one stays last until nothing needs it.

    What one purpose has sealed another cannot open.
    """

    def __init__(self, *secrets: str, purpose: str) -> None:
        self._box = MultiFernet([Fernet(_key(secret, purpose)) for secret in secrets])

    def close(self, content: dict[str, Any]) -> bytes:
        """Unreadable, and different each time; plain ASCII without blanks."""
        return self._box.encrypt(json.dumps(content).encode())

    def open(self, sealed: bytes) -> dict[str, Any] | None:
        """What was sealed; None when it was changed, or sealed with a secret that is gone."""
        try:
            return dict(json.loads(self._box.decrypt(sealed)))
        except InvalidToken:
            return None


def seal_of(settings: Settings, folder: DataFolder, *, purpose: str) -> Seal:
    """By the secret of the settings, if there is one, and the data folder's: setting one later loses nothing."""
    given = settings.secret_key
    secrets = [given.get_secret_value()] if given else []
    return Seal(*secrets, folder.secret("token_key"), purpose=purpose)


def _key(secret: str, purpose: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"herwa {purpose}".encode())
    return urlsafe_b64encode(derived.derive(secret.encode()))
