"""Put one change back, as long as what it left is still so. An undo is a change itself, and can be undone."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.errors import BadRequest
from herwa_shared.services import audit
from herwa_shared.services.access_rules import RULE
from herwa_shared.services.audit import ERASED, Actor
from herwa_shared.services.audited_settings import Choice, State, change, hold_guild
from herwa_shared.services.channel_lists import LIST
from herwa_shared.services.features import FEATURE, MODULE

CHOICES: Mapping[str, Choice] = MappingProxyType(
    {
        "feature.set": FEATURE,
        "module.set": MODULE,
        "rule.add": RULE,
        "rule.update": RULE,
        "rule.remove": RULE,
        "list.set": LIST,
        "list.clear": LIST,
    }
)


async def undo(session: AsyncSession, *, guild_id: int, entry_id: int, actor: Actor) -> str:
    """Make it as it was before that audit entry; a sentence that says what is so again.

    Raises NotFound for an entry that this guild does not have, BadRequest for what cannot be undone and why.
    """
    await hold_guild(session, guild_id)
    entry = await audit.entry(session, guild_id=guild_id, entry_id=entry_id)
    choice = CHOICES.get(entry.action)
    if choice is None:
        raise BadRequest("This kind of change cannot be undone.")
    if ERASED in [*(entry.before or {}).values(), *(entry.after or {}).values()]:
        raise BadRequest("This was about somebody who has erased their data: it cannot be undone.")
    title = choice.title(entry.target, entry.after or entry.before)
    if await choice.read(session, guild_id, entry.target) != entry.after:
        raise BadRequest(f"{_begun(title)} has been changed again since: what came later is not undone with it.")
    await change(
        session, choice, guild_id=guild_id, target=entry.target, state=entry.before, actor=actor, undoes=entry_id
    )
    return _said(title, entry.before, entry.after)


def _said(title: str, now: State | None, undone: State | None) -> str:
    if now is None:
        return f"{_begun(title)} is gone again."
    if undone is None:
        return f"{_begun(title)} is back."
    if "enabled" in now:
        return f"{_begun(title)} is {'on' if now['enabled'] else 'off'} again."
    return f"{_begun(title)} is as it was."


def _begun(title: str) -> str:
    """As the beginning of a sentence."""
    return title[:1].upper() + title[1:]
