"""Saving rules, removing one: the changes, and the words for what became of them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.cogs.permissions.drafting import as_saved
from herwa_bot.cogs.permissions.effect import is_same
from herwa_bot.cogs.permissions.wording import sentence
from herwa_bot.confirm import ALREADY, Change, Done
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import AccessRule
from herwa_shared.services.access_rules import NewRule, SavedRule, list_rules, remove_rule, save_rule
from herwa_shared.services.audit import Actor
from herwa_shared.services.choices import hold_guild


def saving(guild_id: int, rules: Sequence[NewRule], effects: Sequence[str]) -> Change:
    """Save them together. The opposite of one, if there is such a rule, gives way: both would never be meant."""

    async def work(session: AsyncSession, actor: Actor) -> Done:
        await hold_guild(session, guild_id)
        known = await list_rules(session, guild_id=guild_id, now=utc_now())
        lines, entries = [], []
        for rule in rules:
            replaced = [one for one in known if is_same(one, as_saved(rule)) and one.allow != rule.allow]
            entries += [await remove_rule(session, guild_id=guild_id, rule_id=one.id, actor=actor) for one in replaced]
            saved = await save_rule(session, guild_id=guild_id, rule=rule, actor=actor)
            lines += _saved(rule, saved, known, replaced, beside=[as_saved(one) for one in rules])
            entries += [] if saved.entry_id is None else [saved.entry_id]
        return Done("\n".join([*lines, *(effects if entries else ())]), tuple(entries))

    return work


def removing(guild_id: int, rule: AccessRule, effects: Sequence[str]) -> Change:
    """Remove one."""

    async def work(session: AsyncSession, actor: Actor) -> Done:
        entry = await remove_rule(session, guild_id=guild_id, rule_id=rule.id, actor=actor)
        words = [f"Removed rule `#{rule.id}`: {sentence(rule)}", *effects]
        return Done("\n".join(words), (entry,))

    return work


def _saved(
    rule: NewRule,
    saved: SavedRule,
    known: Sequence[AccessRule],
    replaced: Sequence[AccessRule],
    *,
    beside: Sequence[AccessRule],
) -> list[str]:
    words = sentence(as_saved(rule, id_=saved.id), beside=beside)
    if saved.entry_id is None:
        return [f"That is rule `#{saved.id}` already: {words}", ALREADY]
    lines = [f"{'Saved as' if saved.is_new else 'Changed'} rule `#{saved.id}`: {words}"]
    lines += [f"Before, it said: {sentence(one)}" for one in known if one.id == saved.id]
    lines += [f"It takes the place of `#{one.id}`: {sentence(one)}" for one in replaced]
    return lines
