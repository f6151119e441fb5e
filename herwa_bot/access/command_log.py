"""Count the commands that members use: those that ran, and those that the guardrail refused.

The guard starts the record of an interaction that it allows, and the code that runs the interaction finishes it. The
record is kept in `interaction.extras`. Autocomplete and interactions in direct messages are not counted.
"""

import time
from dataclasses import dataclass
from typing import Any

import discord

from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.gateway_sessions import get_time_ms
from herwa_shared.catalog import Surface, SurfaceKind
from herwa_shared.discord.event_times import is_possible_event_time
from herwa_shared.errors import HerwaError
from herwa_shared.pipeline.events import (
    ActivityEvent,
    CommandOutcome,
    CommandSurface,
    EventKind,
    decode_snowflake_ms,
)

RUNNING = "running_command"  # key in `interaction.extras`
MAX_DURATION_MS = (1 << 31) - 1


@dataclass(slots=True)
class RunningCommand:
    """A command that was allowed to run, and how it has gone so far. `started` is a time of `time.perf_counter`."""

    surface: Surface
    started: float
    outcome: CommandOutcome = CommandOutcome.OK


def start_command(interaction: discord.Interaction, surface: Surface, *, started: float) -> None:
    """Start the record of an interaction that may run. `started` is a time of `time.perf_counter`."""
    if interaction.type is not discord.InteractionType.autocomplete:
        interaction.extras[RUNNING] = RunningCommand(surface, started)


def record_failure(interaction: discord.Interaction, cause: Exception | None = None) -> None:
    """Note that a running command failed, because of the member's input if `cause` says so or is None."""
    running: RunningCommand | None = interaction.extras.get(RUNNING)
    if running is not None:
        is_input_error = cause is None or (isinstance(cause, HerwaError) and cause.status < 500)
        running.outcome = CommandOutcome.INVALID if is_input_error else CommandOutcome.FAILED


def finish_command(interaction: discord.Interaction) -> None:
    """Count a command that has run, once."""
    running: RunningCommand | None = interaction.extras.pop(RUNNING, None)
    if running is not None:
        duration_ms = min(round((time.perf_counter() - running.started) * 1000), MAX_DURATION_MS)
        event = _build_event(interaction, EventKind.COMMAND, running.surface, running.outcome)
        _add(interaction, event._replace(value=duration_ms))


def record_denied(interaction: discord.Interaction, surface: Surface, reason: str) -> None:
    """Count a command that was refused. `reason` is that of the guardrail."""
    if interaction.type is not discord.InteractionType.autocomplete:
        _add(interaction, _build_event(interaction, EventKind.COMMAND_DENIED, surface, reason))


def _build_event(interaction: discord.Interaction, kind: EventKind, surface: Surface, outcome: str) -> ActivityEvent:
    assert interaction.guild_id is not None
    created_ms, now_ms = decode_snowflake_ms(interaction.id), get_time_ms()
    return ActivityEvent(
        interaction.guild_id,
        kind.value,
        created_ms if is_possible_event_time(created_ms, now_ms=now_ms) else now_ms,
        interaction.channel_id or 0,
        0,
        interaction.user.id,
        False,
        None,
        None,
        0,
        0,
        command=surface.key,
        command_surface=_get_surface(interaction, surface).value,
        command_outcome=outcome,
    )


def _get_surface(interaction: discord.Interaction, surface: Surface) -> CommandSurface:
    if interaction.type is discord.InteractionType.component:
        return CommandSurface.COMPONENT
    if interaction.type is discord.InteractionType.modal_submit:
        return CommandSurface.FORM
    return CommandSurface.MENU if surface.kind is SurfaceKind.MENU else CommandSurface.COMMAND


def _add(interaction: discord.Interaction, event: ActivityEvent) -> None:
    """Add the event to the writer. In a thread it counts for the parent channel."""
    bot: Any = interaction.client
    writer: EventWriter = bot.writer
    parent_id = writer.thread_parents.find_parent(event.channel_id) if event.channel_id else 0
    if parent_id:
        event = event._replace(channel_id=parent_id, thread_id=event.channel_id)
    writer.add_once(f"command {interaction.id}", event, resolved=parent_id is not None)
