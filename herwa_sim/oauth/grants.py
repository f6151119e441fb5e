"""Authorization codes and tokens: issue, redeem once, rotate, revoke.

Only their hashes are stored. The store is persistent, so that a restart does not log anyone out.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

import orjson
from pydantic import TypeAdapter

from herwa_sim.persistence import write_atomically

CODE_LIFETIME = timedelta(seconds=60)
TOKEN_LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """An authorization code, valid for one exchange. `code` is a hash."""

    code: str
    user_id: int
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OAuthGrant:
    """The scopes that a user has granted to the client. `code`, `access`, `refresh` are hashes."""

    user_id: int
    scopes: tuple[str, ...]
    code: str
    access: str
    refresh: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """Tokens in plain text, as they are returned to the client once."""

    access: str
    refresh: str
    scopes: tuple[str, ...]


@dataclass(slots=True)
class _StoredGrants:
    codes: list[AuthorizationCode] = field(default_factory=list)
    grants: list[OAuthGrant] = field(default_factory=list)


_STORED_GRANTS_ADAPTER = TypeAdapter(_StoredGrants)


class OAuthGrantStore:
    """All codes and grants, in one JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stored = _STORED_GRANTS_ADAPTER.validate_json(path.read_bytes()) if path.exists() else _StoredGrants()

    def issue(
        self, *, user_id: int, scopes: Iterable[str], redirect_uri: str, challenge: str | None, now: datetime
    ) -> str:
        """Issue an authorization code for the granted scopes; expired codes are removed."""
        code = secrets.token_urlsafe(24)
        issued_code = AuthorizationCode(
            _hash(code), user_id, tuple(scopes), redirect_uri, challenge, now + CODE_LIFETIME
        )
        self._stored.codes = [stored_code for stored_code in self._stored.codes if stored_code.expires_at > now] + [
            issued_code
        ]
        self._save()
        return code

    def redeem(self, code: str, *, redirect_uri: str, verifier: str | None, now: datetime) -> IssuedTokens | None:
        """Exchange a code for tokens, or return None if it is invalid.

        A second use of a code revokes the tokens of the first use, because one of the two clients has stolen the code.
        """
        code_hash = _hash(code)
        redeemed_code = next((stored_code for stored_code in self._stored.codes if stored_code.code == code_hash), None)
        self._stored.codes = [stored_code for stored_code in self._stored.codes if stored_code is not redeemed_code]
        if redeemed_code is None:
            self._remove_grants([grant for grant in self._stored.grants if grant.code == code_hash])
            return None
        self._save()
        if (
            redeemed_code.expires_at <= now
            or redeemed_code.redirect_uri != redirect_uri
            or not _matches_challenge(verifier, redeemed_code.challenge)
        ):
            return None
        return self._issue_tokens(OAuthGrant(redeemed_code.user_id, redeemed_code.scopes, code_hash, "", "", now), now)

    def refresh(self, token: str, *, now: datetime) -> IssuedTokens | None:
        """Rotate the tokens of a refresh token; the old pair becomes invalid. None if it is unknown."""
        token_hash = _hash(token)
        grant = next((candidate for candidate in self._stored.grants if candidate.refresh == token_hash), None)
        return None if grant is None else self._issue_tokens(grant, now)

    def find_by_access_token(self, token: str, *, now: datetime) -> OAuthGrant | None:
        """Return the grant of an unexpired access token, or None."""
        token_hash = _hash(token)
        return next(
            (grant for grant in self._stored.grants if grant.access == token_hash and grant.expires_at > now), None
        )

    def revoke(self, token: str) -> None:
        """Revoke the grant of an access or refresh token; an unknown token is ignored."""
        token_hash = _hash(token)
        self._remove_grants([grant for grant in self._stored.grants if token_hash in (grant.access, grant.refresh)])

    def is_allowed(self, user_id: int, scopes: Iterable[str]) -> bool:
        """True if the user has granted all of these scopes before."""
        return any(grant.user_id == user_id and set(scopes) <= set(grant.scopes) for grant in self._stored.grants)

    def _issue_tokens(self, grant: OAuthGrant, now: datetime) -> IssuedTokens:
        tokens = IssuedTokens(secrets.token_urlsafe(32), secrets.token_urlsafe(32), grant.scopes)
        renewed_grant = replace(
            grant, access=_hash(tokens.access), refresh=_hash(tokens.refresh), expires_at=now + TOKEN_LIFETIME
        )
        self._stored.grants = [stored_grant for stored_grant in self._stored.grants if stored_grant is not grant] + [
            renewed_grant
        ]
        self._save()
        return tokens

    def _remove_grants(self, removed: list[OAuthGrant]) -> None:
        self._stored.grants = [grant for grant in self._stored.grants if grant not in removed]
        self._save()

    def _save(self) -> None:
        write_atomically(self._path, orjson.dumps(self._stored))


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _matches_challenge(verifier: str | None, challenge: str | None) -> bool:
    """Verify PKCE with S256. A verifier without a challenge fails, and vice versa."""
    if verifier is None or challenge is None:
        return verifier is None and challenge is None
    computed = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return compare_digest(computed, challenge)
