"""Escape names and notes of users for Discord messages."""

import re

import discord

# Discord turns https://… into links and, for invites, discord.gg/… too.
_MARKDOWN = re.compile(r"([\\*_~|`<>\[\]()]|:(?=//)|(?<=\w)/(?=\w))")
_INVISIBLE = re.compile(  # includes the control characters that reverse the direction of a line
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)


def escape(name: str) -> str:
    """Escape a name: mentions, Markdown and links do not work, invisible characters are removed.

    This includes characters that change the text direction, so a name cannot reverse the text around it.
    """
    visible = " ".join(_INVISIBLE.sub("", name).split())
    return discord.utils.escape_mentions(_MARKDOWN.sub(r"\\\1", visible))
