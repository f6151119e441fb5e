"""`/premium`: the server's tier, until when it holds, and what each tier includes."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.guard import NO_POLICY, guard_of
from herwa_bot.ui.mentions import MENTIONS, soon
from herwa_bot.ui.pagination import pages_of, show_pages
from herwa_bot.ui.replies import plain, whisper
from herwa_shared.catalog import FEATURES, Essential, FeatureKey, Limit
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.policy import Term, Tier
from herwa_shared.stores import Stores

UNLIMITED = "unlimited"
ESSENTIAL = frozenset(key for key, feature in FEATURES.items() if feature.essential != Essential.NO)

LASTING: Mapping[Limit, Callable[[str], str]] = {
    Limit.HISTORY_DAYS: lambda number: "the whole history" if number == UNLIMITED else f"{number} days of history",
    Limit.WIDGETS: lambda number: _counted(number, "widget"),
    Limit.API_KEYS: lambda number: _counted(number, "API key"),
    Limit.EXPORT_ROWS: lambda number: {"0": "no exports", UNLIMITED: "exports of any size"}.get(
        number, f"exports of {_counted(number, 'row')}"
    ),
}
EACH_MINUTE: Mapping[Limit, Callable[[str], str]] = {
    Limit.REQUESTS_A_MINUTE: lambda number: _counted(number, "API request"),
    Limit.MEMBER_COMMANDS_A_MINUTE: lambda number: f"{_counted(number, 'command')} a member",
    Limit.GUILD_COMMANDS_A_MINUTE: lambda number: f"{number} in all",
}


class Premium(commands.Cog):
    """What the server has, and what there is to have."""

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(
        name="premium", description="This server's tier and what it includes", extras={"feature": FeatureKey.PREMIUM}
    )
    async def premium(self, interaction: discord.Interaction) -> None:
        """The tier in force, then every tier with its limits and the features that it adds."""
        guard = guard_of(interaction)
        assert interaction.guild_id is not None
        compiled = await guard.policy(interaction.guild_id)
        if compiled is None:
            await whisper(interaction, NO_POLICY)
        else:
            await show_pages(interaction, tiers_in_words(compiled, guard.now()))


def tiers_in_words(compiled: CompiledPolicy, now: float) -> tuple[str, ...]:
    """The answer of `/premium`, mostly on one page."""
    tiers = sorted(compiled.policy.offer.tiers.values(), key=lambda tier: tier.rank)
    mine = compiled.policy.offer.tiers[compiled.entitlement.tier]
    lines = [f"**This server is on {plain(mine.title)}**{_until(compiled, now)}."]
    lines += [f"-# Granted to this server besides: {granted}." for granted in _beyond(compiled, mine)]
    entries: list[str] = []
    below: Tier | None = None
    for tier in tiers:
        heading = f"\n**{plain(tier.title)}**{' (this server)' if tier is mine else ''}"
        entries.append("\n".join([heading, *(f"- {line}" for line in _gives(tier, below))]))
        below = tier
    return pages_of("\n".join(lines), entries)


def _until(compiled: CompiledPolicy, now: float) -> str:
    ends = [term.ends for term in compiled.policy.terms if _holds(term, compiled, now)]
    if not ends or None in ends:
        return ""
    end = max(end for end in ends if end is not None)
    return f" until {MENTIONS.moment(end)} ({soon(end)})"


def _holds(term: Term, compiled: CompiledPolicy, now: float) -> bool:
    return term.tier == compiled.entitlement.tier and term.starts <= now and (term.ends is None or now < term.ends)


def _beyond(compiled: CompiledPolicy, tier: Tier) -> Iterable[str]:
    """What single grants add to the tier, as one list of words or none."""
    features = [_title(key) for key in sorted(compiled.entitlement.features - tier.features)]
    limits = [
        {**LASTING, **EACH_MINUTE}[limit](_number(value))
        for limit, value in compiled.entitlement.limits.items()
        if value != tier.limits.get(limit, 0)
    ]
    return [", ".join(features + limits)] if features or limits else []


def _gives(tier: Tier, below: Tier | None) -> Iterator[str]:
    """What it includes, told as more than the tier below where it has all of that one's features."""
    if below is not None and below.features <= tier.features:
        more = _titles(tier.features - below.features)
        yield f"everything in {plain(below.title)}{f', and {more}' if more else ''}"
    else:
        yield _titles(tier.features) or "no features"
    yield ", ".join(words(_number(tier.limits.get(limit, 0))) for limit, words in LASTING.items())
    minute = ", ".join(words(_number(tier.limits.get(limit, 0))) for limit, words in EACH_MINUTE.items())
    yield f"each minute {minute}"


def _titles(keys: Iterable[str]) -> str:
    """Without what every server has anyhow."""
    return ", ".join(_title(key) for key in sorted(keys) if key not in ESSENTIAL)


def _title(key: str) -> str:
    return FEATURES[FeatureKey(key)].title if key in set(FEATURES) else key


def _number(value: int | None) -> str:
    return UNLIMITED if value is None else f"{value:,}"


def _counted(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"
