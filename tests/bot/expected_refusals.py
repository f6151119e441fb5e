"""The refusals that tests expect, composed from the texts as the bot composes them."""

from collections.abc import Sequence

from herwa_bot.surfaces import collect_surfaces
from herwa_bot.texts.policies import format_report_link
from herwa_bot.texts.refusals import format_allowed_channels, format_refusal
from herwa_bot.ui.escaping import escape
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_shared.catalog import Surface, SurfaceKind
from herwa_shared.guardrail import refusal_texts
from herwa_shared.guardrail.policy import AccessRule, SubjectKind, TargetKind
from herwa_shared.guardrail.refusal_texts import Refusal

DASHBOARD_URL = "http://localhost:8321"
"""Of the bot that tests share."""

SURFACES = collect_surfaces()


def is_refusal(content: str, expected: str) -> bool:
    """Return whether a reply is the expected refusal, whatever the address of the copy in its last line is."""
    return content.rpartition("\n")[0] == expected.rpartition("\n")[0]


def get_surface(command: str) -> Surface:
    """Get the surface of a command."""
    surface = SURFACES.find(SurfaceKind.COMMAND, command)
    assert surface is not None
    return surface


def format_expected(refusal: Refusal, *, channels: Sequence[int] = (), has_more: bool = False) -> str:
    """Format a refusal as the bot sends it; `channels` are those in which the command works."""
    mentions = [MESSAGE_NAMES.format_channel(channel) for channel in channels]
    channel_text = format_allowed_channels(mentions, has_more=has_more) if channels else ""
    text = format_refusal(refusal.headline, refusal.remedy, channel_text)
    return f"{text}\n{format_report_link(DASHBOARD_URL)}"


def expect_audience_refusal(command: str, **options: object) -> str:
    """Return the refusal of a command that is for members with Manage Server."""
    return format_expected(refusal_texts.build_audience_refusal(get_surface(command)), **options)  # type: ignore[arg-type]


def expect_rule_refusal(command: str, target: tuple[TargetKind, str], *, note: str = "", **options: object) -> str:
    """Return the refusal of a command by a rule about `target` that applies everywhere without an end."""
    rule = AccessRule(1, False, SubjectKind.EVERYONE, 0, *target, note=escape(note))
    refusal = refusal_texts.build_rule_refusal(get_surface(command), rule, MESSAGE_NAMES)
    return format_expected(refusal, **options)  # type: ignore[arg-type]


def expect_channel_refusal(command: str, **options: object) -> str:
    """Return the refusal of a command in a channel that is not on the channel list."""
    return format_expected(refusal_texts.build_channel_refusal(get_surface(command)), **options)  # type: ignore[arg-type]
