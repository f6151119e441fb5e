"""`/premium`: show the server's tier, its end, and what each tier includes."""

from collections.abc import Iterable, Sequence

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.guard import POLICY_UNAVAILABLE, get_guard
from herwa_bot.texts import premium as texts
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_bot.ui.pagination import send_pages, split_pages
from herwa_bot.ui.purchases import build_premium_buttons, is_invalid_button
from herwa_bot.ui.replies import reply_ephemeral
from herwa_shared.catalog import FEATURES, FeatureKey, Limit, ModuleKey
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.policy import SubscriptionPeriod, Tier
from herwa_shared.stores import Stores

ESSENTIAL_FEATURES = frozenset(key for key, feature in FEATURES.items() if feature.module is ModuleKey.ESSENTIALS)
MAX_PREMIUM_BUTTONS = 5
"""A row of buttons; the first row of a reply with several pages turns them."""
RATE_LIMITS = (Limit.MEMBER_COMMANDS_PER_MINUTE, Limit.GUILD_COMMANDS_PER_MINUTE)
DATA_LIMITS = (Limit.HISTORY_DAYS, Limit.WIDGETS, Limit.EXPORT_ROWS, Limit.API_KEYS, Limit.REQUESTS_PER_MINUTE)
ENFORCED_LIMITS = (*RATE_LIMITS, *DATA_LIMITS)
"""Only limits that hold, for things that exist, may be promised."""


class PremiumCog(commands.Cog):
    """Command that shows the server's tier and all tiers."""

    def __init__(self, stores: Stores) -> None:
        del stores

    @app_commands.command(name="premium", description=texts.DESCRIPTION, extras={"feature": FeatureKey.PREMIUM})
    async def show_tiers(self, interaction: discord.Interaction) -> None:
        """Show the current tier, then every tier with its limits and the features that it adds."""
        guard = get_guard(interaction)
        assert interaction.guild_id is not None
        compiled = await guard.find_policy(interaction.guild_id)
        if compiled is None:
            await reply_ephemeral(interaction, POLICY_UNAVAILABLE)
        else:
            await send_tiers(interaction, compiled, format_tiers(compiled, guard.get_time()))


async def send_tiers(interaction: discord.Interaction, compiled: CompiledPolicy, pages: Sequence[str]) -> None:
    """Send the pages, with a button for each better tier that is for sale."""
    tiers = compiled.policy.global_policy.tiers
    current_rank = tiers[compiled.entitlement.tier].rank
    better_tiers = sorted((tier for tier in tiers.values() if tier.rank > current_rank), key=lambda tier: tier.rank)
    premium_buttons = build_premium_buttons(better_tiers)[:MAX_PREMIUM_BUTTONS]
    try:
        await send_pages(interaction, pages, extra_buttons=premium_buttons)
    except discord.HTTPException as error:
        if not premium_buttons or not is_invalid_button(error):
            raise
        await send_pages(interaction, pages)


def format_tiers(compiled: CompiledPolicy, now: float) -> tuple[str, ...]:
    """Format the reply of `/premium`, usually one page. `now` is in seconds since 1970."""
    tiers = sorted(compiled.policy.global_policy.tiers.values(), key=lambda tier: tier.rank)
    current_tier = compiled.policy.global_policy.tiers[compiled.entitlement.tier]
    lines = [texts.format_current_tier(escape(current_tier.title), _format_end(compiled, now))]
    if extras := _list_extra_grants(compiled, current_tier):
        lines.append(texts.format_extras(extras))
    entries: list[str] = []
    previous_tier: Tier | None = None
    for tier in tiers:
        heading = texts.format_tier_heading(escape(tier.title), is_current=tier is current_tier)
        rates = texts.format_rates(*(tier.limits.get(limit, 0) for limit in RATE_LIMITS))
        data_limits = texts.format_data_limits({limit: tier.limits.get(limit, 0) for limit in DATA_LIMITS})
        entries.append("\n".join([heading, _format_features(tier, previous_tier), data_limits, rates]))
        previous_tier = tier
    return split_pages("\n".join(lines), entries)


def _format_end(compiled: CompiledPolicy, now: float) -> str:
    """Format the latest end of the current tier's periods.

    The text is empty if there is no period or one has no end.
    """
    ends = [period.ends_at for period in compiled.policy.periods if _is_current(period, compiled, now)]
    if not ends or None in ends:
        return ""
    return MESSAGE_NAMES.format_time(max(end for end in ends if end is not None))


def _is_current(period: SubscriptionPeriod, compiled: CompiledPolicy, now: float) -> bool:
    """Whether the subscription period is of the current tier and active at `now`."""
    return (
        period.tier == compiled.entitlement.tier
        and period.starts_at <= now
        and (period.ends_at is None or now < period.ends_at)
    )


def _list_extra_grants(compiled: CompiledPolicy, tier: Tier) -> list[str]:
    """List the features and enforced limits that grants add to the tier."""
    extra_limits = {
        limit: compiled.entitlement.limits.get(limit, 0)
        for limit in ENFORCED_LIMITS
        if compiled.entitlement.limits.get(limit, 0) != tier.limits.get(limit, 0)
    }
    return [
        *_list_feature_titles(compiled.entitlement.features - tier.features),
        *(texts.format_extra_limit(limit, value) for limit, value in extra_limits.items()),
    ]


def _format_features(tier: Tier, previous_tier: Tier | None) -> str:
    """Format a tier's features.

    If it includes all features of the previous tier, only the added ones are listed.
    """
    if previous_tier is not None and previous_tier.features <= tier.features:
        added_titles = _list_feature_titles(tier.features - previous_tier.features)
        return texts.format_features(added_titles, escape(previous_tier.title))
    return texts.format_features(_list_feature_titles(tier.features))


def _list_feature_titles(keys: Iterable[str]) -> list[str]:
    """List feature titles in the order of the catalog, without the essentials that every server has."""
    catalog_order = list(FEATURES)
    known_keys = [key for key in catalog_order if key in set(keys) - ESSENTIAL_FEATURES]
    unknown_keys = sorted(set(keys) - set(catalog_order))
    return [texts.FEATURE_TITLES.get(key, FEATURES[key].title) for key in known_keys] + unknown_keys
