"""`/premium`: show the server's tier, its end, and what each tier includes."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.guard import POLICY_UNAVAILABLE, get_guard
from herwa_bot.ui.mentions import MENTIONS, format_relative_time
from herwa_bot.ui.pagination import send_pages, split_pages
from herwa_bot.ui.replies import escape, reply_ephemeral
from herwa_shared.catalog import FEATURES, Essential, FeatureKey, Limit
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.policy import SubscriptionPeriod, Tier
from herwa_shared.stores import Stores

UNLIMITED = "unlimited"
ESSENTIAL_FEATURES = frozenset(key for key, feature in FEATURES.items() if feature.essential != Essential.NO)

QUOTA_FORMATTERS: Mapping[Limit, Callable[[str], str]] = {
    Limit.HISTORY_DAYS: lambda number: "the whole history" if number == UNLIMITED else f"{number} days of history",
    Limit.WIDGETS: lambda number: _format_count(number, "widget"),
    Limit.API_KEYS: lambda number: _format_count(number, "API key"),
    Limit.EXPORT_ROWS: lambda number: {"0": "no exports", UNLIMITED: "exports of any size"}.get(
        number, f"exports of {_format_count(number, 'row')}"
    ),
}
RATE_FORMATTERS: Mapping[Limit, Callable[[str], str]] = {
    Limit.REQUESTS_PER_MINUTE: lambda number: _format_count(number, "API request"),
    Limit.MEMBER_COMMANDS_PER_MINUTE: lambda number: f"{_format_count(number, 'command')} a member",
    Limit.GUILD_COMMANDS_PER_MINUTE: lambda number: f"{number} in all",
}


class PremiumCog(commands.Cog):
    """Command that shows the server's tier and all tiers."""

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(
        name="premium", description="This server's tier and what it includes", extras={"feature": FeatureKey.PREMIUM}
    )
    async def show_tiers(self, interaction: discord.Interaction) -> None:
        """Show the current tier, then every tier with its limits and the features that it adds."""
        guard = get_guard(interaction)
        assert interaction.guild_id is not None
        compiled = await guard.find_policy(interaction.guild_id)
        if compiled is None:
            await reply_ephemeral(interaction, POLICY_UNAVAILABLE)
        else:
            await send_pages(interaction, format_tiers(compiled, guard.get_time()))


def format_tiers(compiled: CompiledPolicy, now: float) -> tuple[str, ...]:
    """Format the reply of `/premium`, usually one page. `now` is in seconds since 1970."""
    tiers = sorted(compiled.policy.global_policy.tiers.values(), key=lambda tier: tier.rank)
    current_tier = compiled.policy.global_policy.tiers[compiled.entitlement.tier]
    lines = [f"**This server is on {escape(current_tier.title)}**{_format_end(compiled, now)}."]
    lines += [f"-# Granted to this server besides: {extras}." for extras in _list_extra_grants(compiled, current_tier)]
    entries: list[str] = []
    previous_tier: Tier | None = None
    for tier in tiers:
        heading = f"\n**{escape(tier.title)}**{' (this server)' if tier is current_tier else ''}"
        entries.append("\n".join([heading, *(f"- {line}" for line in _describe_tier(tier, previous_tier))]))
        previous_tier = tier
    return split_pages("\n".join(lines), entries)


def _format_end(compiled: CompiledPolicy, now: float) -> str:
    """Format the latest end of the current tier's periods.

    The text is empty if there is no period or one has no end.
    """
    ends = [period.ends_at for period in compiled.policy.periods if _is_current(period, compiled, now)]
    if not ends or None in ends:
        return ""
    end = max(end for end in ends if end is not None)
    return f" until {MENTIONS.format_time(end)} ({format_relative_time(end)})"


def _is_current(period: SubscriptionPeriod, compiled: CompiledPolicy, now: float) -> bool:
    """Whether the subscription period is of the current tier and active at `now`."""
    return (
        period.tier == compiled.entitlement.tier
        and period.starts_at <= now
        and (period.ends_at is None or now < period.ends_at)
    )


def _list_extra_grants(compiled: CompiledPolicy, tier: Tier) -> Iterable[str]:
    """List what grants add to the tier, as one comma-separated text; empty without grants."""
    features = [_get_feature_title(key) for key in sorted(compiled.entitlement.features - tier.features)]
    limits = [
        {**QUOTA_FORMATTERS, **RATE_FORMATTERS}[limit](_format_number(value))
        for limit, value in compiled.entitlement.limits.items()
        if value != tier.limits.get(limit, 0)
    ]
    return [", ".join(features + limits)] if features or limits else []


def _describe_tier(tier: Tier, previous_tier: Tier | None) -> Iterator[str]:
    """Describe a tier's features and limits.

    If it includes all features of the previous tier, only the added ones are listed.
    """
    if previous_tier is not None and previous_tier.features <= tier.features:
        added_features = _format_features(tier.features - previous_tier.features)
        yield f"everything in {escape(previous_tier.title)}{f', and {added_features}' if added_features else ''}"
    else:
        yield _format_features(tier.features) or "no features"
    yield ", ".join(
        format_limit(_format_number(tier.limits.get(limit, 0))) for limit, format_limit in QUOTA_FORMATTERS.items()
    )
    rates = ", ".join(
        format_limit(_format_number(tier.limits.get(limit, 0))) for limit, format_limit in RATE_FORMATTERS.items()
    )
    yield f"each minute {rates}"


def _format_features(keys: Iterable[str]) -> str:
    """Format feature titles, without the essential features that every server has."""
    return ", ".join(_get_feature_title(key) for key in sorted(keys) if key not in ESSENTIAL_FEATURES)


def _get_feature_title(key: str) -> str:
    return FEATURES[FeatureKey(key)].title if key in set(FEATURES) else key


def _format_number(value: int | None) -> str:
    return UNLIMITED if value is None else f"{value:,}"


def _format_count(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"
