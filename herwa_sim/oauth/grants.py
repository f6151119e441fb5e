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

from herwa_sim.persistence import write

CODE_LIVES = timedelta(seconds=60)
TOKEN_LIVES = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Code:
    """A promise to the client that came back with it, good for one exchange."""

    code: str
    user_id: int
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user has allowed the client. `code`, `access` and `refresh` are hashes."""

    user_id: int
    scopes: tuple[str, ...]
    code: str
    access: str
    refresh: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the client is handed, in clear, once."""

    access: str
    refresh: str
    scopes: tuple[str, ...]


@dataclass(slots=True)
class _Kept:
    codes: list[Code] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)


_KEPT = TypeAdapter(_Kept)


class Grants:
    """All of them, in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = _KEPT.validate_json(path.read_bytes()) if path.exists() else _Kept()

    def issue(
        self, *, user_id: int, scopes: Iterable[str], redirect_uri: str, challenge: str | None, now: datetime
    ) -> str:
        """A code for what the user has just allowed."""
        code = secrets.token_urlsafe(24)
        issued = Code(_hash(code), user_id, tuple(scopes), redirect_uri, challenge, now + CODE_LIVES)
        self._kept.codes = [one for one in self._kept.codes if one.expires_at > now] + [issued]
        self._save()
        return code

    def redeem(self, code: str, *, redirect_uri: str, verifier: str | None, now: datetime) -> Tokens | None:
        """Tokens for a code. A second try takes back what the first one got, as one of the two is a thief."""
        hashed = _hash(code)
        found = next((one for one in self._kept.codes if one.code == hashed), None)
        self._kept.codes = [one for one in self._kept.codes if one is not found]
        if found is None:
            self._drop([one for one in self._kept.grants if one.code == hashed])
            return None
        self._save()
        if found.expires_at <= now or found.redirect_uri != redirect_uri or not _proves(verifier, found.challenge):
            return None
        return self._hand_out(Grant(found.user_id, found.scopes, hashed, "", "", now), now)

    def refresh(self, token: str, *, now: datetime) -> Tokens | None:
        """New tokens for a refresh token; the old pair is worthless from now on."""
        hashed = _hash(token)
        found = next((one for one in self._kept.grants if one.refresh == hashed), None)
        return None if found is None else self._hand_out(found, now)

    def bearer(self, token: str, *, now: datetime) -> Grant | None:
        """The grant that an access token stands for, while it lives."""
        hashed = _hash(token)
        return next((one for one in self._kept.grants if one.access == hashed and one.expires_at > now), None)

    def revoke(self, token: str) -> None:
        """End the grant of an access or refresh token; an unknown one is no error."""
        hashed = _hash(token)
        self._drop([one for one in self._kept.grants if hashed in (one.access, one.refresh)])

    def allowed(self, user_id: int, scopes: Iterable[str]) -> bool:
        """True when the user has allowed all of these before."""
        return any(one.user_id == user_id and set(scopes) <= set(one.scopes) for one in self._kept.grants)

    def _hand_out(self, grant: Grant, now: datetime) -> Tokens:
        tokens = Tokens(secrets.token_urlsafe(32), secrets.token_urlsafe(32), grant.scopes)
        renewed = replace(
            grant, access=_hash(tokens.access), refresh=_hash(tokens.refresh), expires_at=now + TOKEN_LIVES
        )
        self._kept.grants = [one for one in self._kept.grants if one is not grant] + [renewed]
        self._save()
        return tokens

    def _drop(self, gone: list[Grant]) -> None:
        self._kept.grants = [one for one in self._kept.grants if one not in gone]
        self._save()

    def _save(self) -> None:
        write(self._path, orjson.dumps(self._kept))


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _proves(verifier: str | None, challenge: str | None) -> bool:
    """PKCE, S256. A verifier without a challenge is as wrong as the other way round."""
    if verifier is None or challenge is None:
        return verifier is None and challenge is None
    proof = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return compare_digest(proof, challenge)
