"""One log-in on its way to Discord and back: what ties the answer to the question and to the browser that asked.

State, PKCE verifier and destination travel in a sealed cookie, not in a table: asking to log in writes nothing, so
nobody fills the database by asking often, and any process can take the answer. That a state is good for once, the
table `used_oauth_state` says, written when an answer comes back.
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
    """`state` (256 bits) comes back through Discord; `verifier` only we know; `next` is a path of ours."""

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    next: str
    began_at: str

    @property
    def challenge(self) -> str:
        """What Discord is told of the verifier (S256)."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    @property
    def digest(self) -> bytes:
        """By what a spent log-in is remembered."""
        return sha256(self.state.encode()).digest()

    def matches(self, state: str, *, now: datetime) -> bool:
        """Discord brings our state back, and in time."""
        in_time = datetime.fromisoformat(self.began_at) + LOGIN_LIFETIME > now
        return in_time and compare_digest(self.state.encode(), state.encode())

    def encrypt(self, encryptor: Encryptor) -> str:
        """As the browser keeps it."""
        return encryptor.encrypt(asdict(self)).decode()


def create_oauth_state(*, next: str, now: datetime) -> OAuthState:  # noqa: A002 - the name that addresses use
    """A new attempt."""
    return OAuthState(secrets.token_urlsafe(32), secrets.token_urlsafe(64), next, now.isoformat())


def decrypt_oauth_state(encrypted: str | None, encryptor: Encryptor) -> OAuthState | None:
    """The attempt that a browser kept for us; None if it kept none, or changed it."""
    content = encryptor.decrypt(encrypted.encode()) if encrypted else None
    return OAuthState(**content) if content else None
