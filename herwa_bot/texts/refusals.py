"""Texts of refusals that only Discord needs: when to try again, and in which channel."""

from collections.abc import Sequence

from herwa_bot.texts.phrases import format_joined


def format_retry(time: str) -> str:
    """Format when a member who ran too many commands can go on. `time` is relative, such as "in 5 seconds"."""
    return f"**Slow down.** Try again {time}."


def format_allowed_channels(channels: Sequence[str], *, has_more: bool) -> str:
    """Format the channels in which the command works."""
    return f"Try {format_joined([*channels, 'others'] if has_more else channels, 'or')}."


def format_refusal(headline: str, remedy: str, channels: str = "") -> str:
    """Format a refusal: what blocks, who can change it, where the command works."""
    return "\n".join(filter(None, (f"**{headline}**", remedy, channels)))
