"""Render `herwa status`: processes, buffer, mover, gateway, policies, and problems."""

from rich.text import Text

from herwa.commands.operator_session import replace_unprintable
from herwa.status.process_status import ProcessStatus
from herwa.status.status import InstanceStatus
from herwa.texts import status as texts
from herwa.texts.backfill import format_backfill
from herwa_shared.clock import utc_now
from herwa_shared.pipeline.status import PipelineStatus
from herwa_shared.services.process_details import BotDetail, CatchUpStatus, PolicyCacheStatus


def render_status(status: InstanceStatus) -> Text:
    """Render the status. Lines are not truncated: a narrow terminal wraps them."""
    lines = [Text(texts.format_status_title(status.data_dir, status.url)), Text()]
    if status.processes:
        lines += [Text(_format_row(*texts.STATUS_COLUMNS), "dim"), *_render_processes(status), Text()]
    if status.pipeline is not None:
        lines += _render_pipeline(status.pipeline)
    if status.gateway:
        lines.append(_render_gateway(status.gateway))
        lines += _render_catch_up(status.gateway.catch_up)
    lines += [
        Text(format_backfill(replace_unprintable(name), backfill, utc_now()))
        for name, backfill in status.backfills.items()
    ]
    lines += [_render_policies(name, policies) for name, policies in status.policies.items()]
    if status.pipeline is not None or status.gateway:
        lines.append(Text())
    lines += [Text(f"✗ {problem}", "bold red") for problem in status.problems]
    if not status.problems:
        lines.append(Text(texts.NO_PROBLEMS, "bold green"))
    return Text("\n").join(lines)


def _render_processes(status: InstanceStatus) -> list[Text]:
    ports = {**status.ports, "web": status.ports["herwa"]}
    return [_render_process(process, ports.get(process.name)) for process in status.processes]


def _render_process(process: ProcessStatus, port: int | None) -> Text:
    health = process.health
    line = Text(
        _format_row(
            process.name,
            process.pid,
            port,
            texts.format_lag(health.loop_lag_ms) if health else None,
            texts.format_memory(health.rss_bytes) if health else None,
            health.connections if health else None,
            "",
        )
    )
    line.append(*((texts.RUNNING, "green") if process.running else (texts.NOT_RUNNING, "red")))
    if process.restarts:
        line.append(texts.format_restarts(process.restarts), "yellow")
    return line


def _format_row(
    name: str, pid: object, port: object, lag: object, memory: object, connections: object, state: str
) -> str:
    sizes = f"{_format_cell(lag):<9}{_format_cell(memory):<9}{_format_cell(connections):<13}"
    return f"{name:<12}{_format_cell(pid):<9}{_format_cell(port):<7}{sizes}{state}"


def _format_cell(value: object) -> str:
    return "" if value is None else str(value)


def _render_pipeline(pipeline: PipelineStatus) -> list[Text]:
    return [
        Text(texts.format_buffer(pipeline.buffer_rows, pipeline.buffer_age_seconds)),
        Text(texts.format_mover(pipeline.moved, pipeline.pending_rows)),
    ]


def _render_gateway(gateway: BotDetail) -> Text:
    return Text(
        texts.format_gateway(
            gateway.gateway, gateway.connected_shards, gateway.shard_count, gateway.guilds, gateway.held
        )
    )


def _render_catch_up(catch_up: CatchUpStatus) -> list[Text]:
    """Render the progress of fetching missed messages; nothing if none were missed."""
    counts = (catch_up.pending_channels, catch_up.fetched_messages, catch_up.pending_listings)
    return [Text(texts.format_catch_up(*counts))] if any(counts) else []


def _render_policies(name: str, policies: PolicyCacheStatus) -> Text:
    return Text(texts.format_policies(name, policies.servers, policies.sweep_age_seconds))
