"""Authenticated encryption (Fernet) of stored secrets, with keys of this installation."""

import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder


class Encryptor:
    """Encrypts with the first secret and decrypts with any of them.

    To rotate a secret, put the new one first and keep the old one last until no ciphertext needs it. Keys are derived
    per `purpose`: a ciphertext of one purpose cannot be decrypted for another.
    """

    def __init__(self, *secrets: str, purpose: str) -> None:
        self._fernet = MultiFernet([Fernet(_derive_key(secret, purpose)) for secret in secrets])

    def encrypt(self, content: dict[str, Any]) -> bytes:
        """Encrypt as ASCII without spaces; the same content gives a different ciphertext each time."""
        return self._fernet.encrypt(json.dumps(content).encode())

    def decrypt(self, ciphertext: bytes) -> dict[str, Any] | None:
        """Decrypt; None if the ciphertext was tampered with or its secret is no longer available."""
        try:
            return dict(json.loads(self._fernet.decrypt(ciphertext)))
        except InvalidToken:
            return None


def create_encryptor(settings: Settings, folder: DataFolder, *, purpose: str) -> Encryptor:
    """Create an encryptor from the configured secret key, if any, the earlier ones, and the data folder's secret.

    The data folder's secret always decrypts, so configuring a secret key later loses no stored data.
    """
    secret_keys = [settings.secret_key, *settings.earlier_secret_keys] if settings.secret_key else []
    secrets = [secret_key.get_secret_value() for secret_key in secret_keys if secret_key]
    return Encryptor(*secrets, folder.get_or_create_secret("token_key"), purpose=purpose)


def _derive_key(secret: str, purpose: str) -> bytes:
    key_derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"herwa {purpose}".encode())
    return urlsafe_b64encode(key_derivation.derive(secret.encode()))
