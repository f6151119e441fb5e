"""View models of commands: which were used, and which steps of the guardrail refused them."""

from collections import defaultdict
from collections.abc import Sequence

from herwa_shared.analytics.command_uses import CommandUse, CommandUses
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.charts.formatting import format_int
from herwa_shared.guardrail.texts import STEP_TITLES
from herwa_shared.guardrail.verdict import Reason
from herwa_web.pages.guild import tile_texts
from herwa_web.pages.guild.view_models import RowView

MAX_COMMAND_ROWS = 9
MAX_NAMED_COMMANDS = 3


def build_command_rows(uses: CommandUses, metric: Metric) -> list[RowView]:
    """Build a row per command that ran, or per step that refused commands; the most frequent first."""
    groups: dict[str, list[CommandUse]] = defaultdict(list)
    for use in uses.items:
        groups[use.outcome if metric is Metric.COMMANDS_DENIED else use.command].append(use)
    counts = {key: sum(use.count for use in group) for key, group in groups.items()}
    keys = sorted(groups, key=lambda key: (-counts[key], key))[:MAX_COMMAND_ROWS]
    build_row = _build_step_row if metric is Metric.COMMANDS_DENIED else _build_command_row
    return [build_row(key, groups[key], counts[key], counts[keys[0]]) for key in keys]


def format_step(outcome: str) -> str:
    """Format the step of the guardrail that refused, or that the check failed."""
    return STEP_TITLES[Reason(outcome)] if outcome in set(Reason) else tile_texts.CHECK_FAILED


def _build_command_row(command: str, uses: Sequence[CommandUse], count: int, max_count: int) -> RowView:
    failed_count = sum(use.count for use in uses if use.has_failed)
    click_count = sum(use.count for use in uses if use.is_click)
    mean_ms = round(sum(use.milliseconds for use in uses) / count)
    tip_lines = [
        tile_texts.format_mean_duration(mean_ms),
        *([tile_texts.format_clicks(click_count)] if click_count else []),
    ]
    return RowView(
        name=tile_texts.format_command(command),
        value=format_int(count),
        share=round(count / max_count, 4),
        change="",
        tone="",
        tip="\n".join(tip_lines),
        mark=tile_texts.format_failed(failed_count) if failed_count else "",
    )


def _build_step_row(outcome: str, uses: Sequence[CommandUse], count: int, max_count: int) -> RowView:
    count_by_command: dict[str, int] = defaultdict(int)
    for use in uses:
        count_by_command[use.command] += use.count
    commands = sorted(count_by_command, key=lambda command: (-count_by_command[command], command))
    tip = "\n".join(
        f"{tile_texts.format_command(command)}: {format_int(count_by_command[command])}"
        for command in commands[:MAX_NAMED_COMMANDS]
    )
    return RowView(
        name=format_step(outcome),
        value=format_int(count),
        share=round(count / max_count, 4),
        change="",
        tone="",
        tip=tip,
    )
