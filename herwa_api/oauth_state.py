"""States of the OAuth2 logins of one browser: each binds Discord's callback to the browser that started the login.

The `state` parameter, the PKCE verifier and the destination of a login are kept in an encrypted cookie, not in a table.
Starting a login therefore writes nothing: repeated requests cannot fill the database, and any process can handle the
callback. Each login has its own cookie, so that logins in several tabs do not replace each other. The table
`used_oauth_state`, written at the callback, makes sure that each state is used only once.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from herwa_api.cookies import LOGIN_LIFETIME
from herwa_shared.auth.encryption import Encryptor

MAX_LOGINS = 5
MAX_COOKIES_LENGTH = 6000
"""Total length of a browser's login cookies. Many reverse proxies refuse a `Cookie` header above 8 KB."""
LOGIN_ID_LENGTH = 16


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
        return _hash_state(self.state)

    @property
    def login_id(self) -> str:
        """The id of this login, part of its cookie's name."""
        return get_login_id(self.state)

    def matches(self, state: str, *, now: datetime) -> bool:
        """Return whether the callback's `state` equals this one and `LOGIN_LIFETIME` has not passed.

        The comparison takes constant time.
        """
        return self.is_in_time(now) and compare_digest(self.state.encode(), state.encode())

    def is_in_time(self, now: datetime) -> bool:
        """Return whether `LOGIN_LIFETIME` has not passed."""
        return datetime.fromisoformat(self.began_at) + LOGIN_LIFETIME > now

    def encrypt(self, encryptor: Encryptor) -> str:
        """Return the encrypted value of the cookie."""
        return encryptor.encrypt(asdict(self)).decode()


def create_oauth_state(*, next: str, now: datetime) -> OAuthState:  # noqa: A002 - the name of the query parameter
    """Create the state of a new login, with a random `state` and verifier."""
    return OAuthState(secrets.token_urlsafe(32), secrets.token_urlsafe(64), next, now.isoformat())


def get_login_id(state: str) -> str:
    """Get the id of the login with this `state` parameter."""
    return _hash_state(state).hex()[:LOGIN_ID_LENGTH]


def find_oauth_state(
    cookies: Mapping[str, str], state: str, encryptor: Encryptor, *, now: datetime
) -> OAuthState | None:
    """Find the login that a callback's `state` belongs to.

    `cookies` are the browser's encrypted login cookies by login id. Returns None if this browser did not start the
    login, or more than `LOGIN_LIFETIME` ago.
    """
    encrypted = cookies.get(get_login_id(state))
    oauth_state = _decrypt(encrypted, encryptor) if encrypted else None
    return oauth_state if oauth_state is not None and oauth_state.matches(state, now=now) else None


def list_surplus_logins(cookies: Mapping[str, str], new: str, encryptor: Encryptor, *, now: datetime) -> list[str]:
    """List the ids of the logins to drop so that a cookie with the value `new` can be added.

    The newest logins stay: `MAX_LOGINS` with the new one, whose cookies have at most `MAX_COOKIES_LENGTH` characters.
    Expired logins, and cookies that were not encrypted by us, are surplus.
    """
    open_logins = {
        login_id: oauth_state.began_at
        for login_id, encrypted in cookies.items()
        if (oauth_state := _decrypt(encrypted, encryptor)) is not None and oauth_state.is_in_time(now)
    }
    kept, length = set[str](), len(new)
    for login_id in sorted(open_logins, key=lambda login_id: open_logins[login_id], reverse=True):
        length += len(cookies[login_id])
        if len(kept) == MAX_LOGINS - 1 or length > MAX_COOKIES_LENGTH:
            break
        kept.add(login_id)
    return [login_id for login_id in cookies if login_id not in kept]


def _decrypt(encrypted: str, encryptor: Encryptor) -> OAuthState | None:
    """Decrypt a cookie's value; None if it was not encrypted by us."""
    content = encryptor.decrypt(encrypted.encode())
    return OAuthState(**content) if content else None


def _hash_state(state: str) -> bytes:
    return sha256(state.encode()).digest()
