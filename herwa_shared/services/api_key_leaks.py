"""Reports of leaked API keys: the keys in a text are revoked at once. The report itself is not stored."""

import re
from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import ApiKey
from herwa_shared.services import texts
from herwa_shared.services.api_key_format import ACCEPTED_PREFIXES, ALPHABET, hash_key, is_well_formed
from herwa_shared.services.api_keys import KeyEnd, revoke_key
from herwa_shared.services.audit import Actor, ChangeSource

MAX_KEYS = 10
"""Keys that one report can contain."""
KEY_PATTERN = re.compile(rf"(?:{'|'.join(ACCEPTED_PREFIXES)})[{ALPHABET}]+")
REPORT = Actor(ChangeSource.API, None, texts.LEAK_REPORT)


def find_keys(text: str) -> tuple[str, ...]:
    """Find up to MAX_KEYS different texts with the format of an API key, with the right checksum."""
    found = dict.fromkeys(key for key in KEY_PATTERN.findall(text) if is_well_formed(key))
    return tuple(found)[:MAX_KEYS]


async def revoke_leaked_keys(session: AsyncSession, *, keys: Collection[str], peppers: Sequence[bytes]) -> list[int]:
    """Revoke keys that were reported as leaked. Returns the ids of those that exist, also if they had ended before.

    The audit log of the guild of each key says that it was reported.
    """
    digests = [hash_key(key, pepper) for key in keys for pepper in peppers]
    query = select(ApiKey.guild_id, ApiKey.id).where(col(ApiKey.digest).in_(digests))
    rows = (await session.execute(query.order_by(col(ApiKey.guild_id), col(ApiKey.id)))).all()
    for guild_id, key_id in rows:  # locks are taken in the order of guilds
        await revoke_key(
            session,
            guild_id=guild_id,
            key_id=key_id,
            actor=REPORT,
            reason=texts.LEAK_REASON,
            end=KeyEnd.LEAKED,
        )
    return [key_id for _, key_id in rows]
