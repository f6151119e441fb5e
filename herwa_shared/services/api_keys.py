"""API keys of guilds: create, list, rotate, revoke. A key is shown once; every step is in the guild's audit log.

Every change publishes a policy change of the guild, so that all processes forget what they know about its keys.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from herwa_shared.catalog import SCOPES, Scope
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, Forbidden, NotFound
from herwa_shared.models import ApiKey, Guild
from herwa_shared.models.columns import matches_any
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit, texts
from herwa_shared.services.api_key_allowance import load_key_allowance
from herwa_shared.services.api_key_format import HINT_LENGTH, generate_key, hash_key
from herwa_shared.services.audit import SYSTEM, Actor

MAX_NAME_LENGTH = 80
MAX_NETWORKS = 20
MAX_LISTED_GUILDS = 20
MAX_LIFETIME = timedelta(days=3_650)
ROTATION_OVERLAP = timedelta(hours=24)
MAX_ROTATION_OVERLAP = timedelta(days=30)

Network = IPv4Network | IPv6Network


class KeyEnd(StrEnum):
    """Why a key ended before its expiry."""

    REVOKED = "revoked"
    BOT_LEFT = "bot_left"
    LEAKED = "leaked"
    """It was reported that strangers can read the key."""


class KeyState(StrEnum):
    """Whether requests with a key are accepted, and if not, why."""

    VALID = "valid"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REVOKED = "revoked"
    BOT_LEFT = "bot_left"
    LEAKED = "leaked"


class KeyLimitReached(Forbidden):
    """The guild has as many keys as its tier allows."""

    code = "key_limit_reached"


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """A key without its secret, for lists; `hint` is its last four characters.

    `successor_id` is the key that replaces it after a rotation. `networks` is empty if every address may use it.
    """

    id: int
    name: str
    hint: str
    is_test: bool
    scopes: frozenset[Scope]
    networks: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    end_reason: KeyEnd | None
    successor_id: int | None
    last_used_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Return whether requests with the key are accepted at this time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def get_state(self, now: datetime) -> KeyState:
        """Return the state of the key at this time. A rotated key is valid until its overlap ends, then replaced."""
        if self.end_reason is not None:
            return KeyState(self.end_reason)
        if self.is_valid(now):
            return KeyState.VALID
        return KeyState.EXPIRED if self.successor_id is None else KeyState.REPLACED


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just created. `secret` is the key itself, which cannot be read again."""

    secret: str = field(repr=False)
    status: KeyStatus


async def create_key(
    session: AsyncSession,
    *,
    guild_id: int,
    name: str,
    scopes: Collection[Scope],
    pepper: bytes,
    actor: Actor,
    expires_at: datetime | None = None,
    networks: Collection[str] = (),
    is_test: bool = False,
) -> NewKey:
    """Create a key for a guild. Locks the guild's audit log.

    Raises BadRequest for an invalid name, expiry or network and for incomplete scopes, KeyLimitReached, and NotFound
    for an unknown guild; its message lists the known guilds.
    """
    if await session.get(Guild, guild_id) is None:
        raise NotFound(await _format_unknown_guild(session, guild_id))
    name, now = _check_name(name), utc_now()
    _check_expiry(expires_at, now)
    _check_scopes(scopes)
    await audit.lock_chain(session, guild_id=guild_id)
    await _require_free_key(session, guild_id, now, is_test=is_test)
    secret = generate_key(is_test=is_test)
    row = ApiKey(
        guild_id=guild_id,
        name=name,
        digest=hash_key(secret, pepper),
        hint=secret[-HINT_LENGTH:],
        is_test=is_test,
        scopes=sorted(set(scopes)),
        networks=[str(network) for network in parse_networks(networks)],
        expires_at=expires_at,
    )
    session.add(row)
    await session.flush()
    await _record(session, row, actor, "api_key.create", before=None)
    return NewKey(secret, _to_status(row))


async def rotate_key(
    session: AsyncSession,
    *,
    guild_id: int,
    key_id: int,
    pepper: bytes,
    actor: Actor,
    overlap: timedelta = ROTATION_OVERLAP,
) -> NewKey:
    """Create a key that replaces another one, which stays valid for the time of the overlap.

    The new key has the same name, scopes, networks, expiry and pseudonyms of members. The old one does not count
    against the number of keys.
    Raises NotFound, and BadRequest for a key that is no longer valid and for an invalid overlap.
    """
    if not timedelta(0) <= overlap <= MAX_ROTATION_OVERLAP:
        raise BadRequest(texts.INVALID_OVERLAP, field="overlap_hours")
    await audit.lock_chain(session, guild_id=guild_id)
    old, now = await require_key(session, guild_id=guild_id, key_id=key_id), utc_now()
    if not _to_status(old).is_valid(now) or old.successor_id is not None:
        raise BadRequest(texts.KEY_NOT_VALID)
    secret, before = generate_key(is_test=old.is_test), _to_audit_values(old)
    row = ApiKey(
        guild_id=guild_id,
        name=old.name,
        digest=hash_key(secret, pepper),
        hint=secret[-HINT_LENGTH:],
        is_test=old.is_test,
        scopes=old.scopes,
        networks=old.networks,
        expires_at=old.expires_at,
        pseudonym_secret=old.pseudonym_secret,
    )
    session.add(row)
    await session.flush()
    old.successor_id = row.id
    old.expires_at = min(now + overlap, old.expires_at or now + overlap)
    await session.flush()
    await _record(session, old, actor, "api_key.rotate", before=before)
    return NewKey(secret, _to_status(row))


async def revoke_key(
    session: AsyncSession,
    *,
    guild_id: int,
    key_id: int,
    actor: Actor,
    reason: str = "",
    end: KeyEnd = KeyEnd.REVOKED,
) -> KeyStatus:
    """Revoke a key at once; idempotent. Raises NotFound if the guild has no such key."""
    await audit.lock_chain(session, guild_id=guild_id)
    row = await require_key(session, guild_id=guild_id, key_id=key_id)
    if row.revoked_at is None:
        await _end_key(session, row, actor, end, reason_text=reason)
    return _to_status(row)


async def end_keys_of_left_guilds(session: AsyncSession, guild_ids: Collection[int]) -> None:
    """End all keys of guilds that the bot has left. They stay ended if the bot returns."""
    rows = await session.scalars(
        select(ApiKey)
        .where(matches_any(ApiKey.guild_id, guild_ids), col(ApiKey.revoked_at).is_(None))
        .order_by(col(ApiKey.guild_id), col(ApiKey.id))  # locks are taken in the order of guilds
    )
    for row in rows.all():
        await _end_key(session, row, SYSTEM, KeyEnd.BOT_LEFT)


async def list_keys(session: AsyncSession, *, guild_id: int) -> tuple[KeyStatus, ...]:
    """List all keys of the guild, including those that have ended, newest first."""
    rows = await session.execute(select(ApiKey).where(col(ApiKey.guild_id) == guild_id).order_by(col(ApiKey.id).desc()))
    return tuple(_to_status(row) for row in rows.scalars())


async def require_key(session: AsyncSession, *, guild_id: int, key_id: int) -> ApiKey:
    """Return the row of a key of the guild. Raises NotFound."""
    row = await session.get(ApiKey, key_id, populate_existing=True)
    if row is None or row.guild_id != guild_id:
        raise NotFound(texts.UNKNOWN_KEY)
    return row


def build_rotations_query(guild_id: int, key_id: int) -> SelectOfScalar[int | None]:
    """Build the query for the ids of a key of a guild and of all its predecessors and successors by rotation.

    They are found by their pseudonyms, which a rotation keeps and no other key has.
    """
    secret = select(ApiKey.pseudonym_secret).where(col(ApiKey.id) == key_id).scalar_subquery()
    return select(col(ApiKey.id)).where(col(ApiKey.guild_id) == guild_id, col(ApiKey.pseudonym_secret) == secret)


def parse_networks(texts_of_networks: Collection[str]) -> tuple[Network, ...]:
    """Parse addresses and networks in CIDR notation. Raises BadRequest."""
    if len(texts_of_networks) > MAX_NETWORKS:
        raise BadRequest(texts.format_too_many_networks(MAX_NETWORKS), field="networks")
    try:
        return tuple(ip_network(text.strip(), strict=False) for text in texts_of_networks)
    except ValueError:
        raise BadRequest(texts.INVALID_NETWORK, field="networks") from None


def parse_scopes(names: Sequence[str]) -> frozenset[Scope]:
    """Parse the scopes of a stored key; ignores unknown ones, which a newer version may have stored."""
    return frozenset(scope for scope in Scope if scope in names)


async def _end_key(session: AsyncSession, row: ApiKey, actor: Actor, reason: KeyEnd, *, reason_text: str = "") -> None:
    before = _to_audit_values(row)
    row.revoked_at, row.end_reason = utc_now(), reason
    await session.flush()
    await _record(session, row, actor, "api_key.revoke", before=before, reason=reason_text)


async def _require_free_key(session: AsyncSession, guild_id: int, now: datetime, *, is_test: bool) -> None:
    """Raise KeyLimitReached if the guild has as many valid keys of this kind as its tier allows."""
    allowance = await load_key_allowance(session, guild_id=guild_id, now=now, is_test=is_test)
    if allowance.is_used_up:
        raise KeyLimitReached(texts.format_key_limit(allowance.limit or 0))


async def _record(
    session: AsyncSession, row: ApiKey, actor: Actor, action: str, *, before: dict[str, Any] | None, reason: str = ""
) -> None:
    await publish_policy_change(session, guild_id=row.guild_id)
    await audit.record(
        session,
        actor,
        action,
        guild_id=row.guild_id,
        target=f"{row.id}",
        before=before,
        after=_to_audit_values(row),
        reason=reason,
    )


def _to_audit_values(row: ApiKey) -> dict[str, Any]:
    return {
        "name": row.name,
        "hint": row.hint,
        "is_test": row.is_test,
        "scopes": list(row.scopes),
        "networks": list(row.networks),
        "expires": row.expires_at,
        "revoked": row.revoked_at,
        "end_reason": row.end_reason,
        "successor": row.successor_id,
    }


def _check_name(name: str) -> str:
    if not name.strip() or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise BadRequest(texts.format_invalid_key_name(MAX_NAME_LENGTH), field="name")
    return name.strip()


def _check_scopes(scopes: Collection[Scope]) -> None:
    """Raise BadRequest if there is no scope, or one without the scope that it requires."""
    if not scopes:
        raise BadRequest(texts.NO_SCOPES, field="scopes")
    for scope in scopes:
        required = SCOPES[scope].requires
        if required is not None and required not in scopes:
            raise BadRequest(texts.format_incomplete_scopes(scope, required), field="scopes")


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and not now < expires_at <= now + MAX_LIFETIME:
        raise BadRequest(texts.INVALID_EXPIRY, field="expires_at")


def _to_status(row: ApiKey) -> KeyStatus:
    assert row.id is not None
    return KeyStatus(
        id=row.id,
        name=row.name,
        hint=row.hint,
        is_test=row.is_test,
        scopes=parse_scopes(row.scopes),
        networks=tuple(row.networks),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        end_reason=None if row.end_reason is None else KeyEnd(row.end_reason),
        successor_id=row.successor_id,
        last_used_at=row.last_used_at,
    )


async def _format_unknown_guild(session: AsyncSession, guild_id: int) -> str:
    query = select(Guild).where(col(Guild.left_at).is_(None)).order_by(col(Guild.name)).limit(MAX_LISTED_GUILDS)
    names = [f"{guild.id} ({guild.name})" for guild in (await session.execute(query)).scalars()]
    known_guilds = f"The bot is in {', '.join(names)}." if names else "The bot isn't in any server yet."
    return f"Unknown server {guild_id}. {known_guilds}"
