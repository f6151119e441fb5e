"""Codes and tokens: issued, redeemed once, rotated, revoked. Hashes of them are kept: a restart logs nobody out."""

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
    """A promise to the client that came back with it, good for one exchange."""

    code: str
    user_id: int
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OAuthGrant:
    """What a user has allowed the client. `code`, `access` and `refresh` are hashes."""

    user_id: int
    scopes: tuple[str, ...]
    code: str
    access: str
    refresh: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What the client is handed, in clear, once."""

    access: str
    refresh: str
    scopes: tuple[str, ...]


@dataclass(slots=True)
class _StoredGrants:
    codes: list[AuthorizationCode] = field(default_factory=list)
    grants: list[OAuthGrant] = field(default_factory=list)


_STORED_GRANTS_ADAPTER = TypeAdapter(_StoredGrants)


class OAuthGrantStore:
    """All of them, in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stored = _STORED_GRANTS_ADAPTER.validate_json(path.read_bytes()) if path.exists() else _StoredGrants()

    def issue(
        self, *, user_id: int, scopes: Iterable[str], redirect_uri: str, challenge: str | None, now: datetime
    ) -> str:
        """A code for what the user has just allowed."""
        code = secrets.token_urlsafe(24)
        issued = AuthorizationCode(_hash(code), user_id, tuple(scopes), redirect_uri, challenge, now + CODE_LIFETIME)
        self._stored.codes = [stored_code for stored_code in self._stored.codes if stored_code.expires_at > now] + [
            issued
        ]
        self._save()
        return code

    def redeem(self, code: str, *, redirect_uri: str, verifier: str | None, now: datetime) -> IssuedTokens | None:
        """Tokens for a code. A second try takes back what the first one got, as one of the two is a thief."""
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
        """New tokens for a refresh token; the old pair is worthless from now on."""
        token_hash = _hash(token)
        grant = next((candidate for candidate in self._stored.grants if candidate.refresh == token_hash), None)
        return None if grant is None else self._issue_tokens(grant, now)

    def find_by_access_token(self, token: str, *, now: datetime) -> OAuthGrant | None:
        """The grant that an access token stands for, while it lives."""
        token_hash = _hash(token)
        return next(
            (grant for grant in self._stored.grants if grant.access == token_hash and grant.expires_at > now), None
        )

    def revoke(self, token: str) -> None:
        """End the grant of an access or refresh token; an unknown one is no error."""
        token_hash = _hash(token)
        self._remove_grants([grant for grant in self._stored.grants if token_hash in (grant.access, grant.refresh)])

    def is_allowed(self, user_id: int, scopes: Iterable[str]) -> bool:
        """True when the user has allowed all of these before."""
        return any(grant.user_id == user_id and set(scopes) <= set(grant.scopes) for grant in self._stored.grants)

    def _issue_tokens(self, grant: OAuthGrant, now: datetime) -> IssuedTokens:
        tokens = IssuedTokens(secrets.token_urlsafe(32), secrets.token_urlsafe(32), grant.scopes)
        renewed = replace(
            grant, access=_hash(tokens.access), refresh=_hash(tokens.refresh), expires_at=now + TOKEN_LIFETIME
        )
        self._stored.grants = [stored_grant for stored_grant in self._stored.grants if stored_grant is not grant] + [
            renewed
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
    """PKCE, S256. A verifier without a challenge is as wrong as the other way round."""
    if verifier is None or challenge is None:
        return verifier is None and challenge is None
    computed = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return compare_digest(computed, challenge)
