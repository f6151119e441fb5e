"""State of one OAuth2 login: binds Discord's callback to the browser that started the login.

The `state` parameter, the PKCE verifier and the destination are kept in an encrypted cookie, not in a table. Starting a
login therefore writes nothing: repeated requests cannot fill the database, and any process can handle the callback.
The table `used_oauth_state`, written at the callback, makes sure that each state is used only once.
"""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from herwa_api.cookies import LOGIN_LIFETIME
from herwa_shared.auth.encryption import Encryptor


@dataclass(frozen=True, slots=True)
class OAuthState:
    """What the cookie holds. The field names are the keys of its encrypted JSON.

    `state` (256 random bits) returns through Discord; `verifier` is the PKCE secret, known only to this API;
    `next` is the path on this origin to go to after the login; `began_at` is an ISO timestamp.
    """

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    next: str
    began_at: str

    @property
    def challenge(self) -> str:
        """PKCE code challenge for Discord: SHA-256 of the verifier, base64url (method S256)."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    @property
    def digest(self) -> bytes:
        """SHA-256 of `state`; the key of `used_oauth_state`."""
        return sha256(self.state.encode()).digest()

    def matches(self, state: str, *, now: datetime) -> bool:
        """Return whether the callback's `state` equals this one and `LOGIN_LIFETIME` has not passed.

        The comparison takes constant time.
        """
        in_time = datetime.fromisoformat(self.began_at) + LOGIN_LIFETIME > now
        return in_time and compare_digest(self.state.encode(), state.encode())

    def encrypt(self, encryptor: Encryptor) -> str:
        """Return the encrypted value of the cookie."""
        return encryptor.encrypt(asdict(self)).decode()


def create_oauth_state(*, next: str, now: datetime) -> OAuthState:  # noqa: A002 - the name of the query parameter
    """Create the state of a new login, with a random `state` and verifier."""
    return OAuthState(secrets.token_urlsafe(32), secrets.token_urlsafe(64), next, now.isoformat())


def decrypt_oauth_state(encrypted: str | None, encryptor: Encryptor) -> OAuthState | None:
    """Decrypt the cookie's value; None if it is missing or was not encrypted by us."""
    content = encryptor.decrypt(encrypted.encode()) if encrypted else None
    return OAuthState(**content) if content else None
