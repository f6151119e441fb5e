"""One log-in on its way to Discord and back: what ties the answer to the question and to the browser that asked.

State, PKCE verifier and destination travel in a sealed cookie, not in a table: asking to log in writes nothing, so
nobody fills the database by asking often, and any process can take the answer. That a state is good for once, the
table `spent_login` says, written when an answer comes back.
"""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from herwa_api.cookies import LOGIN_LASTS
from herwa_shared.auth.encryption import Seal


@dataclass(frozen=True, slots=True)
class LoginAttempt:
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

    def is_answered_by(self, state: str, *, now: datetime) -> bool:
        """Discord brings our state back, and in time."""
        in_time = datetime.fromisoformat(self.began_at) + LOGIN_LASTS > now
        return in_time and compare_digest(self.state.encode(), state.encode())

    def sealed(self, seal: Seal) -> str:
        """As the browser keeps it."""
        return seal.close(asdict(self)).decode()


def begin(*, next: str, now: datetime) -> LoginAttempt:  # noqa: A002 - the name that addresses use
    """A new attempt."""
    return LoginAttempt(secrets.token_urlsafe(32), secrets.token_urlsafe(64), next, now.isoformat())


def opened(sealed: str | None, seal: Seal) -> LoginAttempt | None:
    """The attempt that a browser kept for us; None if it kept none, or changed it."""
    content = seal.open(sealed.encode()) if sealed else None
    return LoginAttempt(**content) if content else None
