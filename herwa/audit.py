"""`herwa audit`: the newest entries of an audit log, and whether its chain holds."""

import json
from collections.abc import Mapping
from typing import Any

from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa.operating import meant_guild, operating, plain
from herwa_shared.config import Settings
from herwa_shared.errors import HerwaError
from herwa_shared.services.audit import Entry, entries, verify_chain


class ChainBroken(HerwaError):
    """An audit log was changed afterwards."""

    code = "chain_broken"


async def newest(settings: Settings, *, guild: str | None, limit: int) -> tuple[Entry, ...]:
    """The newest entries of that server's log, or the operator's own, the newest first."""
    async with operating(settings) as session:
        return await entries(session, guild_id=await _chain(session, guild), limit=limit)


async def verify(settings: Settings, *, guild: str | None) -> str:
    """A sentence with the last digest, to compare another day. Raises ChainBroken naming the entry."""
    async with operating(settings) as session:
        guild_id = await _chain(session, guild)
        if broken := await verify_chain(session, guild_id=guild_id):
            raise ChainBroken(broken.why)
        last = await entries(session, guild_id=guild_id, limit=1)
        if not last:
            return "Nothing was ever written into this log."
        return f"All {last[0].number} entries are as they were written. The last digest is {last[0].digest.hex()}."


def as_text(entry: Entry) -> Text:
    """One line an entry; nothing that somebody typed breaks out of it."""
    text = Text(f"{entry.number:>5}  {entry.at:%Y-%m-%d %H:%M:%S}  ", style="dim")
    text.append(f"{plain(entry.actor.name)} ({entry.actor.via})", style="bold")
    text.append(f"  {plain(entry.action)} {plain(entry.target)}  ", style="default")
    text.append(f"{_said(entry.before)} → {_said(entry.after)}", style="cyan")
    return text.append(f"  {plain(entry.reason)}" if entry.reason else "")


def _said(values: Mapping[str, Any] | None) -> str:
    if values is None:
        return "nothing"
    return ", ".join(f"{key}: {plain(json.dumps(value, ensure_ascii=False))}" for key, value in values.items())


async def _chain(session: AsyncSession, guild: str | None) -> int | None:
    return None if guild is None else (await meant_guild(session, guild)).id
