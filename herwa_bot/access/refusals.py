"""Refusals for members: the reason, who can change it and where the command works."""

from itertools import islice

import aiohttp
import discord

from herwa_bot.access.channels import list_text_channels
from herwa_bot.access.invocation import build_member_invocation
from herwa_bot.texts import buttons
from herwa_bot.texts import refusals as texts
from herwa_bot.texts.policies import format_report_link
from herwa_bot.ui.names import MESSAGE_NAMES, escape_trace_notes
from herwa_bot.ui.purchases import build_premium_buttons, is_invalid_button
from herwa_bot.ui.replies import get_dashboard_url, reply_ephemeral, send_error
from herwa_shared.catalog import Surface
from herwa_shared.discord.constants import MAX_CUSTOM_ID_LENGTH
from herwa_shared.errors import format_reason
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.refusal_texts import build_refusal
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.log import get_logger

log = get_logger(__name__)

REQUESTABLE_REASONS = (Reason.ACCESS_RULE, Reason.DEFAULT_AUDIENCE)
CHANNEL_DEPENDENT_REASONS = (*REQUESTABLE_REASONS, Reason.CHANNEL_LIST)
MAX_LISTED_CHANNELS = 3


async def send_refusal(
    interaction: discord.Interaction, invocation: Invocation, compiled: CompiledPolicy, *, retry_after: float
) -> None:
    """Send a refusal that only the member sees; an autocomplete gets an empty list instead.

    `retry_after` is the time in seconds until the rate limit allows the next command.
    """
    if interaction.type is discord.InteractionType.autocomplete:
        await interaction.response.autocomplete([])
        return
    text, reason = build_refusal_text(interaction, invocation, compiled, retry_after=retry_after)
    text = "\n".join(filter(None, (text, format_report_link(get_dashboard_url(interaction)))))
    premium_view = _build_premium_view(invocation, compiled) if reason == Reason.TIER else None
    view = _build_request_view(invocation.surface) if reason in REQUESTABLE_REASONS else premium_view
    try:
        try:
            await reply_ephemeral(interaction, text, view=view)
        except discord.HTTPException as error:
            if premium_view is None or not is_invalid_button(error):
                raise
            await reply_ephemeral(interaction, text)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.warning("refusal reply failed", error=format_reason(error))


def build_refusal_text(
    interaction: discord.Interaction, invocation: Invocation, compiled: CompiledPolicy, *, retry_after: float
) -> tuple[str, Reason]:
    """Build the text of a refusal and return it with its reason."""
    trace = escape_trace_notes(explain(invocation, compiled.policy))
    reason = trace.verdict.reason
    refusal_text = build_refusal(trace, MESSAGE_NAMES)
    if reason == Reason.COOLDOWN:
        return texts.format_retry(MESSAGE_NAMES.format_relative_time(invocation.at + retry_after + 1)), reason
    channels = (
        _format_allowed_channels(interaction, invocation, compiled) if reason in CHANNEL_DEPENDENT_REASONS else ""
    )
    return texts.format_refusal(refusal_text.headline, refusal_text.remedy, channels), reason


async def send_unavailable(interaction: discord.Interaction, text: str) -> None:
    """Send an error that only the member sees; an autocomplete gets an empty list.

    A failed reply is logged.
    """
    try:
        if interaction.type is discord.InteractionType.autocomplete:
            await interaction.response.autocomplete([])
        else:
            await send_error(interaction, text)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.warning("error reply failed", error=format_reason(error))


def _format_allowed_channels(interaction: discord.Interaction, invocation: Invocation, compiled: CompiledPolicy) -> str:
    """Format up to three channels in which the member may run the command.

    Only channels that the member can see are named; the text is empty if there are none.
    """
    guild, member = interaction.guild, interaction.user
    assert guild is not None
    assert isinstance(member, discord.Member)
    allowed_mentions = (
        MESSAGE_NAMES.format_channel(channel.id)
        for channel in list_text_channels(guild)
        if _can_run_commands(channel, member)
        and decide(
            build_member_invocation(guild, member, channel, invocation.surface, at=invocation.at), compiled
        ).allowed
    )
    mentions = list(islice(allowed_mentions, MAX_LISTED_CHANNELS + 1))
    if not mentions:
        return ""
    return texts.format_allowed_channels(mentions[:MAX_LISTED_CHANNELS], has_more=len(mentions) > MAX_LISTED_CHANNELS)


def _can_run_commands(channel: discord.abc.GuildChannel, member: discord.Member) -> bool:
    """Whether the member can see the channel and Discord lets them run commands there."""
    permissions = channel.permissions_for(member)
    return permissions.view_channel and permissions.send_messages and permissions.use_application_commands


def _build_premium_view(invocation: Invocation, compiled: CompiledPolicy) -> discord.ui.View | None:
    """Build the view with the button that sells the tier with the feature; None if no tier with it is for sale."""
    tier = compiled.policy.global_policy.find_tier_for_sale(
        compiled.entitlement.tier, feature=invocation.surface.feature
    )
    if tier is None:
        return None
    view = discord.ui.View(timeout=None)
    for button in build_premium_buttons([tier]):
        view.add_item(button)
    view.stop()  # Discord handles the presses
    return view


def _build_request_view(surface: Surface) -> discord.ui.View | None:
    """Build the view with the button that requests access; None if its custom ID would be too long.

    `access_requests.RequestAccessButton` handles the button, also after a restart.
    """
    custom_id = f"herwa:ask:{surface.kind}:{surface.key}"
    if len(custom_id) > MAX_CUSTOM_ID_LENGTH:
        return None
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label=buttons.ASK_FOR_ACCESS, custom_id=custom_id))
    view.stop()  # presses go to `access_requests.RequestAccessButton`, not to this view
    return view
