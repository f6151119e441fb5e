"""Render `herwa status`: processes, buffer, mover, gateway, policies, and problems."""

from typing import Any

from rich.text import Text

from herwa.status.status import InstanceStatus
from herwa.texts import status as texts
from herwa_shared.pipeline.status import PipelineStatus


def render_status(status: InstanceStatus) -> Text:
    """Render the status. Lines are not truncated: a narrow terminal wraps them."""
    lines = [Text(texts.format_status_title(status.data_dir, status.url)), Text()]
    if status.processes:
        lines += [Text(_format_row(*texts.STATUS_COLUMNS), "dim"), *_render_processes(status), Text()]
    if status.pipeline is not None:
        lines += _render_pipeline(status.pipeline)
    if status.gateway:
        lines.append(_render_gateway(status.gateway))
        lines += _render_catch_up(status.gateway.get("catch_up") or {})
    lines += [_render_policies(name, policies) for name, policies in status.policies.items()]
    if status.pipeline is not None or status.gateway:
        lines.append(Text())
    lines += [Text(f"✗ {problem}", "bold red") for problem in status.problems]
    if not status.problems:
        lines.append(Text(texts.NO_PROBLEMS, "bold green"))
    return Text("\n").join(lines)


def _render_processes(status: InstanceStatus) -> list[Text]:
    ports = {**status.ports, "web": status.ports["herwa"]}
    return [_render_process(process, ports.get(process["name"])) for process in status.processes]


def _render_process(process: dict[str, Any], port: int | None) -> Text:
    line = Text(_format_row(process["name"], process["pid"], port, ""))
    line.append(*((texts.RUNNING, "green") if process["running"] else (texts.NOT_RUNNING, "red")))
    if process.get("restarts"):
        line.append(texts.format_restarts(process["restarts"]), "yellow")
    return line


def _format_row(name: str, pid: object, port: object, state: str) -> str:
    return f"{name:<12}{pid or '':<9}{port or '':<7}{state}"


def _render_pipeline(pipeline: PipelineStatus) -> list[Text]:
    return [
        Text(texts.format_buffer(pipeline.buffer_rows, pipeline.buffer_age_seconds)),
        Text(texts.format_mover(pipeline.moved, pipeline.pending_rows)),
    ]


def _render_gateway(gateway: dict[str, Any]) -> Text:
    connected_count = sum(state == "connected" for state in gateway.get("shards", {}).values())
    counts = (int(gateway.get(name) or 0) for name in ("shard_count", "guilds", "held"))
    return Text(texts.format_gateway(gateway.get("gateway"), connected_count, *counts))


def _render_catch_up(catch_up: dict[str, int]) -> list[Text]:
    """Render the progress of fetching missed messages; nothing if none were missed."""
    counts = (catch_up.get("pending_channels", 0), catch_up.get("fetched_messages", 0))
    return [Text(texts.format_catch_up(*counts))] if any(counts) else []


def _render_policies(name: str, policies: dict[str, Any]) -> Text:
    return Text(texts.format_policies(name, policies["servers"], policies["sweep_age_seconds"]))
