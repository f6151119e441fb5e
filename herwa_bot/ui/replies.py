"""Send replies and report errors.

Replies ping no one, and exceptions become readable texts.
"""

import asyncio
import io
from collections.abc import Coroutine
from typing import Any, TypeVar

import aiohttp
import discord

from herwa_bot.access.command_log import record_failure
from herwa_bot.texts import errors as texts
from herwa_shared.charts.render.png import CHART_HEIGHT, render_png
from herwa_shared.charts.render.skia_loader import RendererUnavailable
from herwa_shared.charts.text.insights import MAX_ALT_TEXT_LENGTH
from herwa_shared.errors import HerwaError, ServiceUnavailable, format_reason
from herwa_shared.log import RateLimitedLogger, get_logger

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

DEFER_AFTER_SECONDS = 1.5  # Discord expects a response within three seconds, and an image takes time to upload
WORK_TIMEOUT_SECONDS = 30.0

DEFERRED_EPHEMERALLY = "deferred_ephemerally"  # key in `interaction.extras`

Result = TypeVar("Result")


def get_dashboard_url(interaction: discord.Interaction) -> str | None:
    """Get the base URL of the dashboard, or None if Discord accepts no links to it."""
    bot: Any = interaction.client
    url: str | None = bot.dashboard_url
    return url


async def build_chart_attachment(
    figure: dict[str, Any], *, name: str, alt: str, height: int = CHART_HEIGHT
) -> discord.File | None:
    """Render a figure as a PNG attachment with alt text.

    Rendering runs in a thread. Returns None if the figure cannot be rendered.
    """
    try:
        png = await asyncio.to_thread(render_png, figure, height=height)
    except RendererUnavailable as error:
        log.warning("chart renderer unavailable, reply sent without image", error=format_reason(error))
        return None
    except Exception:  # the text is worth sending without the image
        log.exception("chart rendering failed, reply sent without image")
        return None
    return discord.File(io.BytesIO(png), filename=f"{name}.png", description=alt[:MAX_ALT_TEXT_LENGTH])


async def defer_if_slow(
    interaction: discord.Interaction, work: Coroutine[Any, Any, Result], *, ephemeral: bool = False
) -> Result:
    """Await work that changes nothing and return its result; defer the response if it is slow.

    It is deferred after DEFER_AFTER_SECONDS. A deferred response shows "thinking…". Raises TimeoutError after
    WORK_TIMEOUT_SECONDS; the work is then cancelled. For changes use `writes.await_write`.
    """
    task = asyncio.create_task(work)
    try:
        async with asyncio.timeout(WORK_TIMEOUT_SECONDS):
            await asyncio.wait({task}, timeout=DEFER_AFTER_SECONDS)
            if not task.done():
                await defer(interaction, ephemeral=ephemeral)
            return await task
    finally:
        task.cancel()


async def defer(interaction: discord.Interaction, *, ephemeral: bool) -> None:
    """Defer a response in a new message: the member sees "thinking…" until the reply."""
    await interaction.response.defer(ephemeral=ephemeral, thinking=True)
    interaction.extras[DEFERRED_EPHEMERALLY] = ephemeral


async def reply(
    interaction: discord.Interaction,
    text: str,
    *,
    file: discord.File | None = None,
    view: discord.ui.View | None = None,
) -> None:
    """Reply so that everyone in the channel can see it."""
    await _send(interaction, text, file=file, view=view, ephemeral=False)


async def reply_ephemeral(
    interaction: discord.Interaction,
    text: str,
    *,
    file: discord.File | None = None,
    view: discord.ui.View | None = None,
) -> None:
    """Reply so that only the member who ran the command can see it."""
    await _send(interaction, text, file=file, view=view, ephemeral=True)


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
    """Send an error that only the member sees.

    It may be called after the command has responded or deferred.
    """
    if not interaction.response.is_done():
        await interaction.response.send_message(text, ephemeral=True)
        return
    is_deferred = interaction.response.type is discord.InteractionResponseType.deferred_channel_message
    if is_deferred and not interaction.extras.get(DEFERRED_EPHEMERALLY):
        await interaction.delete_original_response()  # else the error would replace it, visible to everyone
    await interaction.followup.send(text, ephemeral=True)


async def report_error(interaction: discord.Interaction, cause: Exception, *, operation: str | None) -> None:
    """Turn an exception into a log entry and a reply.

    `operation` names the command or component in the log. Errors below status 500 are the member's and are not logged.
    """
    record_failure(interaction, cause)
    if isinstance(cause, HerwaError) and cause.status < 500:
        text = str(cause)
    elif isinstance(cause, (ServiceUnavailable, OSError)):  # TimeoutError is an OSError
        limited_log.warning("command failed, store unavailable", kind=str(operation), error=format_reason(cause))
        text = texts.STATS_UNAVAILABLE if isinstance(cause, ServiceUnavailable) else texts.DATA_UNAVAILABLE
    elif isinstance(cause, HerwaError) and cause.status == 503:
        limited_log.warning("command failed, dependency unavailable", kind=str(operation), error=format_reason(cause))
        text = str(cause)
    else:
        log.error("command failed", command=operation, error=type(cause).__name__, exc_info=cause)
        text = texts.INTERNAL_ERROR
    try:
        await send_error(interaction, text)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        limited_log.warning("error reply failed", kind=type(error).__name__, error=format_reason(error))
