"""How the bot speaks: nothing pings, names are plain text, a failure is a sentence."""

import asyncio
import io
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

import aiohttp
import discord

from herwa_shared.charts.render.png import render_png
from herwa_shared.charts.render.skia_loader import RendererUnavailable
from herwa_shared.charts.text.insights import MAX_ALT_TEXT_LENGTH
from herwa_shared.errors import HerwaError, ServiceUnavailable
from herwa_shared.log import get_logger

log = get_logger(__name__)

INTERNAL_ERROR = "Something went wrong on our side. It has been noted; please try again in a moment."
STORAGE_UNAVAILABLE = (
    "What is stored cannot be reached at the moment. Counting goes on; please try again in a few minutes."
)
STATS_UNAVAILABLE = "The statistics cannot be read at the moment. Counting goes on; please try again in a few minutes."
NO_CHART = "-# No picture this time: whoever runs this bot finds the reason and the mend in its log."
DEFER_AFTER_SECONDS = 1.5  # Discord gives an answer three seconds, and a picture has to be sent
WORK_TIMEOUT_SECONDS = 30.0

Result = TypeVar("Result")

# Discord makes links of https://… and, for invitations, of discord.gg/… as well.
_MARKDOWN = re.compile(r"([\\*_~|`<>\[\]()]|:(?=//)|(?<=\w)/(?=\w))")
_INVISIBLE = re.compile(  # among them what turns a line around
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)


def escape(name: str) -> str:
    """A name as text: no mention, no markdown, no link in it works, and it cannot turn the words around it."""
    visible = " ".join(_INVISIBLE.sub("", name).split())
    return discord.utils.escape_mentions(_MARKDOWN.sub(r"\\\1", visible))


async def build_chart_attachment(figure: dict[str, Any], *, name: str, alt: str) -> discord.File | None:
    """The figure as an attachment with words for those who cannot see it; None where it cannot be drawn."""
    try:
        png = await asyncio.to_thread(render_png, figure)
    except RendererUnavailable as error:
        log.warning("an answer goes without its picture", error=str(error))
        return None
    except Exception:  # the words are worth more than the picture
        log.exception("an answer goes without its picture")
        return None
    return discord.File(io.BytesIO(png), filename=f"{name}.png", description=alt[:MAX_ALT_TEXT_LENGTH])


async def defer_if_slow(
    interaction: discord.Interaction, work: Coroutine[Any, Any, Result], *, ephemeral: bool = False
) -> Result:
    """What `work` comes to. Members see "thinking" only when it takes more than a moment."""
    task = asyncio.create_task(work)
    try:
        async with asyncio.timeout(WORK_TIMEOUT_SECONDS):
            await asyncio.wait({task}, timeout=DEFER_AFTER_SECONDS)
            if not task.done():
                await interaction.response.defer(ephemeral=ephemeral)
            return await task
    finally:
        task.cancel()


async def reply(
    interaction: discord.Interaction,
    text: str,
    *,
    file: discord.File | None = None,
    view: discord.ui.View | None = None,
) -> None:
    """The answer for everybody in the channel."""
    await _send(interaction, text, file=file, view=view, ephemeral=False)


async def reply_ephemeral(interaction: discord.Interaction, text: str, *, view: discord.ui.View | None = None) -> None:
    """The answer for the member who asked and nobody else."""
    await _send(interaction, text, file=None, view=view, ephemeral=True)


async def _send(
    interaction: discord.Interaction,
    text: str,
    *,
    file: discord.File | None,
    view: discord.ui.View | None,
    ephemeral: bool,
) -> None:
    send = interaction.followup.send if interaction.response.is_done() else interaction.response.send_message
    await send(
        text,
        files=[] if file is None else [file],
        view=discord.utils.MISSING if view is None else view,
        ephemeral=ephemeral,
    )


async def send_error(interaction: discord.Interaction, text: str) -> None:
    """Answer only to the member who asked, whether or not the command had begun to answer."""
    if not interaction.response.is_done():
        await interaction.response.send_message(text, ephemeral=True)
        return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        await interaction.delete_original_response()  # else the sentence takes its place, for all to see
    await interaction.followup.send(text, ephemeral=True)


async def report_error(interaction: discord.Interaction, cause: Exception, *, operation: str | None) -> None:
    """The one edge at which a failure becomes a reply; `what` names for the log what failed."""
    if isinstance(cause, HerwaError) and cause.status < 500:
        text = str(cause)
    elif isinstance(cause, (ServiceUnavailable, OSError)):  # time-outs are OSErrors, too
        log.warning("command failed, a store is away", command=operation, error=repr(cause)[:200])
        text = STATS_UNAVAILABLE if isinstance(cause, ServiceUnavailable) else STORAGE_UNAVAILABLE
    elif isinstance(cause, HerwaError) and cause.status == 503:
        log.warning("command failed, a part is away", command=operation, error=repr(cause)[:200])
        text = str(cause)
    else:
        log.error("command failed", command=operation, error=type(cause).__name__, exc_info=cause)
        text = INTERNAL_ERROR
    try:
        await send_error(interaction, text)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.warning("a failure could not be told", error=repr(error)[:200])
