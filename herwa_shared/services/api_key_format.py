"""The format of API keys: a prefix, 256 random bits and a checksum. Only a keyed hash of a key is stored.

The prefix is Herwa's own, so that programs that search for leaked keys do not take it for that of another service.
"""

import hmac
import secrets
import string
import zlib

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

LIVE_PREFIX = "sk_live_hw_"
TEST_PREFIX = "sk_test_hw_"
ACCEPTED_PREFIXES = (LIVE_PREFIX, TEST_PREFIX, "sk_live_")
"""The last one is that of keys from before the prefix contained the name of Herwa."""

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_LENGTH, CHECKSUM_LENGTH = 43, 6  # 256 and 32 bits in base 62
HINT_LENGTH = 4
PEPPER_SECRET = "api_key_pepper"  # noqa: S105 - the name of the secret


def generate_key(*, is_test: bool = False) -> str:
    """Generate a random key. Nothing of it is stored."""
    prefix = TEST_PREFIX if is_test else LIVE_PREFIX
    body = prefix + _encode_base62(int.from_bytes(secrets.token_bytes(32)), SECRET_LENGTH)
    return body + _compute_checksum(body)


def is_well_formed(key: str) -> bool:
    """Return whether a text has the format of a key, with the right checksum. Queries no database."""
    body, checksum = key[:-CHECKSUM_LENGTH], key[-CHECKSUM_LENGTH:]
    return key.startswith(ACCEPTED_PREFIXES) and hmac.compare_digest(
        checksum.encode(), _compute_checksum(body).encode()
    )


def hash_key(key: str, pepper: bytes) -> bytes:
    """Compute the keyed hash of a key, under which it is stored (32 bytes)."""
    return hmac.digest(pepper, key.encode(), "sha256")


def load_peppers(settings: Settings, folder: DataFolder) -> tuple[bytes, ...]:
    """Load the keys of the keyed hash, that of new API keys first.

    It is the configured secret key, else one from the data folder. The others belong to API keys that were created
    before: the earlier secret keys from the settings, and the one from the data folder.
    """
    configured = [settings.secret_key, *settings.earlier_secret_keys]
    peppers = [secret.get_secret_value() for secret in configured if secret is not None]
    if not settings.secret_key or PEPPER_SECRET in folder.read_secrets():
        own = folder.get_or_create_secret(PEPPER_SECRET)
        peppers = [*peppers, own] if settings.secret_key else [own, *peppers]
    return tuple(dict.fromkeys(pepper.encode() for pepper in peppers))


def _compute_checksum(body: str) -> str:
    """Compute the CRC-32 checksum of a key, which tells typing mistakes and other texts from keys."""
    return _encode_base62(zlib.crc32(body.encode()), CHECKSUM_LENGTH)


def _encode_base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
