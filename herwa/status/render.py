"""Render `herwa status`: processes, buffer, mover, gateway, policies, and problems."""

from typing import Any

from rich.text import Text

from herwa.status.status import InstanceStatus
from herwa_shared.pipeline.status import PipelineStatus


def render_status(status: InstanceStatus) -> Text:
    """Render the status. Lines are not truncated: a narrow terminal wraps them."""
    lines = [Text(f"Herwa in {status.data_dir}, at {status.url}"), Text()]
    if status.processes:
        lines += [Text(f"{'process':<12}{'pid':<9}{'port':<7}state", "dim"), *_render_processes(status), Text()]
    if status.pipeline is not None:
        lines += _render_pipeline(status.pipeline)
    if status.gateway:
        lines.append(_render_gateway(status.gateway))
    lines += [_render_policies(name, policies) for name, policies in status.policies.items()]
    if status.pipeline is not None or status.gateway:
        lines.append(Text())
    lines += [Text(f"✗ {problem}", "bold red") for problem in status.problems]
    if not status.problems:
        lines.append(Text("✓ all is well", "bold green"))
    return Text("\n").join(lines)


def _render_processes(status: InstanceStatus) -> list[Text]:
    ports = {**status.ports, "web": status.ports["herwa"]}
    return [_render_process(process, ports.get(process["name"])) for process in status.processes]


def _render_process(process: dict[str, Any], port: int | None) -> Text:
    line = Text(f"{process['name']:<12}{process['pid'] or '':<9}{port or '':<7}")
    line.append(*(("● running", "green") if process["running"] else ("○ not running", "red")))
    if process.get("restarts"):
        line.append(f", restarts: {process['restarts']}", "yellow")
    return line


def _render_pipeline(pipeline: PipelineStatus) -> list[Text]:
    return [
        Text(f"buffer    {pipeline.buffer_rows:,} events wait, the oldest for {pipeline.buffer_age_seconds:.1f} s"),
        Text(f"mover     {pipeline.moved:,} events moved, {pipeline.pending_rows:,} on their way"),
    ]


def _render_gateway(gateway: dict[str, Any]) -> Text:
    connected_count = sum(state == "connected" for state in gateway.get("shards", {}).values())
    return Text(
        f"gateway   {gateway.get('gateway')}, {connected_count} of {gateway.get('shard_count')} shards, "
        f"{gateway.get('guilds')} servers, {gateway.get('held')} events in memory"
    )


def _render_policies(name: str, policies: dict[str, Any]) -> Text:
    age = policies["sweep_age_seconds"]
    freshness = "has not looked for changes yet" if age is None else f"looked for changes {age:.1f} s ago"
    return Text(f"guardrail {name} knows {policies['servers']} servers' rules, {freshness}")
