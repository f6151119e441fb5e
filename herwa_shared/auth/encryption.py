"""Authenticated encryption (Fernet, AES-SIV) with keys of this installation."""

import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
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


class DeterministicEncryptor:
    """Encrypts equal contents to equal ciphertexts (AES-SIV), for what is compared or cached. Nothing else is revealed.

    Only the first secret decrypts, so it is for ciphertexts that need not outlive a rotation.
    """

    def __init__(self, secret: str, *, purpose: str) -> None:
        self._cipher = AESSIV(_derive_bytes(secret, purpose))

    def encrypt(self, content: bytes) -> bytes:
        """Encrypt a content that is not empty."""
        return self._cipher.encrypt(content, None)

    def decrypt(self, ciphertext: bytes) -> bytes | None:
        """Decrypt; None if the ciphertext was made or changed by others."""
        try:
            return self._cipher.decrypt(ciphertext, None)
        except (InvalidTag, ValueError):
            return None


def create_deterministic_encryptor(settings: Settings, folder: DataFolder, *, purpose: str) -> DeterministicEncryptor:
    """Create an encryptor from the configured secret key, else from the data folder's secret."""
    secret_key = settings.secret_key.get_secret_value() if settings.secret_key else None
    return DeterministicEncryptor(secret_key or folder.get_or_create_secret("token_key"), purpose=purpose)


def create_encryptor(settings: Settings, folder: DataFolder, *, purpose: str) -> Encryptor:
    """Create an encryptor from the configured secret key, if any, the earlier ones, and the data folder's secret.

    The data folder's secret always decrypts, so configuring a secret key later loses no stored data.
    """
    secret_keys = [settings.secret_key, *settings.earlier_secret_keys] if settings.secret_key else []
    secrets = [secret_key.get_secret_value() for secret_key in secret_keys if secret_key]
    return Encryptor(*secrets, folder.get_or_create_secret("token_key"), purpose=purpose)


def _derive_key(secret: str, purpose: str) -> bytes:
    return urlsafe_b64encode(_derive_bytes(secret, purpose))


def _derive_bytes(secret: str, purpose: str) -> bytes:
    key_derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"herwa {purpose}".encode())
    return key_derivation.derive(secret.encode())
