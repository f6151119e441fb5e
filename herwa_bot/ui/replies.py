"""How the bot speaks: nothing pings, names are plain text, a failure is a sentence."""

import asyncio
import io
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

import aiohttp
import discord

from herwa_shared.charts.render.png import render_png
from herwa_shared.charts.render.skia_loader import RendererMissing
from herwa_shared.charts.text.insights import ALT_LIMIT
from herwa_shared.errors import HerwaError, Unreachable
from herwa_shared.log import get_logger

log = get_logger(__name__)

SORRY = "Something went wrong on our side. It has been noted; please try again in a moment."
STORE_AWAY = "What is stored cannot be reached at the moment. Counting goes on; please try again in a few minutes."
AWAY = "The statistics cannot be read at the moment. Counting goes on; please try again in a few minutes."
NO_PICTURE = "-# No picture this time: whoever runs this bot finds the reason and the mend in its log."
PROMPT_SECONDS = 1.5  # Discord gives an answer three seconds, and a picture has to be sent
PATIENCE_SECONDS = 30.0

Result = TypeVar("Result")

# Discord makes links of https://… and, for invitations, of discord.gg/… as well.
_MEANING = re.compile(r"([\\*_~|`<>\[\]()]|:(?=//)|(?<=\w)/(?=\w))")
_UNSEEN = re.compile(  # among them what turns a line around
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)


def plain(name: str) -> str:
    """A name as text: no mention, no markdown, no link in it works, and it cannot turn the words around it."""
    visible = " ".join(_UNSEEN.sub("", name).split())
    return discord.utils.escape_mentions(_MEANING.sub(r"\\\1", visible))


async def picture(figure: dict[str, Any], *, name: str, alt: str) -> discord.File | None:
    """The figure as an attachment with words for those who cannot see it; None where it cannot be drawn."""
    try:
        png = await asyncio.to_thread(render_png, figure)
    except RendererMissing as missing:
        log.warning("an answer goes without its picture", error=str(missing))
        return None
    except Exception:  # the words are worth more than the picture
        log.exception("an answer goes without its picture")
        return None
    return discord.File(io.BytesIO(png), filename=f"{name}.png", description=alt[:ALT_LIMIT])


async def patiently(
    interaction: discord.Interaction, work: Coroutine[Any, Any, Result], *, ephemeral: bool = False
) -> Result:
    """What `work` comes to. Members see "thinking" only when it takes more than a moment."""
    task = asyncio.create_task(work)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait({task}, timeout=PROMPT_SECONDS)
            if not task.done():
                await interaction.response.defer(ephemeral=ephemeral)
            return await task
    finally:
        task.cancel()


async def answer(
    interaction: discord.Interaction,
    words: str,
    *,
    file: discord.File | None = None,
    view: discord.ui.View | None = None,
) -> None:
    """The answer for everybody in the channel."""
    await _send(interaction, words, file=file, view=view, ephemeral=False)


async def whisper(interaction: discord.Interaction, words: str, *, view: discord.ui.View | None = None) -> None:
    """The answer for the member who asked and nobody else."""
    await _send(interaction, words, file=None, view=view, ephemeral=True)


async def _send(
    interaction: discord.Interaction,
    words: str,
    *,
    file: discord.File | None,
    view: discord.ui.View | None,
    ephemeral: bool,
) -> None:
    send = interaction.followup.send if interaction.response.is_done() else interaction.response.send_message
    await send(
        words,
        files=[] if file is None else [file],
        view=discord.utils.MISSING if view is None else view,
        ephemeral=ephemeral,
    )


async def say_failure(interaction: discord.Interaction, sentence: str) -> None:
    """Answer only to the member who asked, whether or not the command had begun to answer."""
    if not interaction.response.is_done():
        await interaction.response.send_message(sentence, ephemeral=True)
        return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        await interaction.delete_original_response()  # else the sentence takes its place, for all to see
    await interaction.followup.send(sentence, ephemeral=True)


async def tell_failure(interaction: discord.Interaction, cause: Exception, *, what: str | None) -> None:
    """The one edge at which a failure becomes a reply; `what` names for the log what failed."""
    if isinstance(cause, HerwaError) and cause.status < 500:
        sentence = str(cause)
    elif isinstance(cause, (Unreachable, OSError)):  # time-outs are OSErrors, too
        log.warning("command failed, a store is away", command=what, error=repr(cause)[:200])
        sentence = AWAY if isinstance(cause, Unreachable) else STORE_AWAY
    elif isinstance(cause, HerwaError) and cause.status == 503:
        log.warning("command failed, a part is away", command=what, error=repr(cause)[:200])
        sentence = str(cause)
    else:
        log.error("command failed", command=what, error=type(cause).__name__, exc_info=cause)
        sentence = SORRY
    try:
        await say_failure(interaction, sentence)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
        log.warning("a failure could not be told", error=repr(failure)[:200])
