"""Seal what must be kept and not be read: encrypted and signed with keys of this copy."""

import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder


class Encryptor:
    """Seals with the first secret and opens with any: an old one stays last until nothing needs it.

    What one purpose has sealed another cannot open.
    """

    def __init__(self, *secrets: str, purpose: str) -> None:
        self._fernet = MultiFernet([Fernet(_derive_key(secret, purpose)) for secret in secrets])

    def encrypt(self, content: dict[str, Any]) -> bytes:
        """Unreadable, and different each time; plain ASCII without blanks."""
        return self._fernet.encrypt(json.dumps(content).encode())

    def decrypt(self, ciphertext: bytes) -> dict[str, Any] | None:
        """What was sealed; None when it was changed, or sealed with a secret that is gone."""
        try:
            return dict(json.loads(self._fernet.decrypt(ciphertext)))
        except InvalidToken:
            return None


def create_encryptor(settings: Settings, folder: DataFolder, *, purpose: str) -> Encryptor:
    """By the secret of the settings, if there is one, and the data folder's: setting one later loses nothing."""
    secret_key = settings.secret_key
    secrets = [secret_key.get_secret_value()] if secret_key else []
    return Encryptor(*secrets, folder.get_or_create_secret("token_key"), purpose=purpose)


def _derive_key(secret: str, purpose: str) -> bytes:
    key_derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"herwa {purpose}".encode())
    return urlsafe_b64encode(key_derivation.derive(secret.encode()))
