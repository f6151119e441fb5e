"""All `herwa` commands. Each parses its arguments, calls one function and prints the result."""

import asyncio
import json
import os
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from herwa.settings_loader import read_settings
from herwa_shared.config import Settings
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import HerwaError
from herwa_shared.runtime.data_dir import DataFolder

app = typer.Typer(
    help="Herwa counts what happens in a Discord server, never what is said.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
pipeline_app = typer.Typer(help="The way of events from the bot to ClickHouse.", no_args_is_help=True)
keys_app = typer.Typer(help="API keys, with which programs read one server.", no_args_is_help=True)
sim_app = typer.Typer(help="The local Discord. Without a sub-command: run it.", invoke_without_command=True)
app.add_typer(pipeline_app, name="pipeline")
app.add_typer(keys_app, name="keys")
app.add_typer(sim_app, name="sim")

BAD_FILE_EXIT_CODE = 2


class SwitchPosition(StrEnum):
    """Argument of `herwa kill-switch`."""

    ON = "on"
    OFF = "off"


@app.command()
def up() -> None:
    """Run everything: databases, the local Discord (or the real one, with DISCORD_TOKEN), bot, API, worker, pages."""
    from herwa.supervisor.up import run_all

    asyncio.run(run_all(read_settings()))


@app.command()
def bot() -> None:
    """Run the bot alone."""
    exec_module("herwa_bot")


@app.command()
def api() -> None:
    """Run the API alone, on a port of its own."""
    exec_module("herwa_api")


@app.command()
def web() -> None:
    """Run the pages alone, on HERWA_PORT; they pass on to the API what is its."""
    exec_module("herwa_web")


@app.command()
def worker() -> None:
    """Run the worker alone: it moves events to ClickHouse."""
    exec_module("herwa_worker")


@sim_app.callback()
def run_sim(context: typer.Context) -> None:
    """Run the local Discord alone."""
    if context.invoked_subcommand is None:
        exec_module("herwa_sim")


@sim_app.command("replay")
def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV, gzipped or not.")],
    guild: Annotated[str, typer.Option(help="The server to replay into; made when there is none of that name.")],
    start: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="UTC day to stop before.")] = None,
) -> None:
    """Send a server's history through the local Discord, message by message, at their true times."""
    from herwa.commands.replay import replay_and_record

    if start and end and end <= start:
        raise typer.BadParameter("--to must be after --from.")
    result = asyncio.run(replay_and_record(read_settings(), file, guild=guild, start=to_date(start), end=to_date(end)))
    print(json.dumps({"guild_id": str(result.guild_id), "sent": result.sent}))


@app.command()
def migrate() -> None:
    """Bring both databases to the newest schema. Safe to repeat."""
    from herwa_shared.stores import open_stores

    async def run_migrations(settings: Settings) -> None:
        async with open_stores(settings, report=print_note):
            print_note("Both databases are on the newest schema.")

    asyncio.run(run_migrations(read_settings()))


@app.command()
def discover(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is different and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Register every feature, command, page and route that the code declares. Choices are never overwritten."""
    from dataclasses import asdict

    from herwa.commands.discover import discover as run_discovery

    difference = asyncio.run(run_discovery(read_settings(), dry_run=dry_run))
    if as_json:
        print(json.dumps(asdict(difference)))
        return
    for line in difference.format_lines():
        print(line)
    change_count = len(difference.format_lines()) if difference else "Nothing"
    print_note(f"{change_count} different, {difference.unchanged} unchanged.")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Who runs, on which ports, what waits, and what is wrong."""
    from herwa.console import console
    from herwa.status.render import render_status
    from herwa.status.status import read_status

    report = asyncio.run(read_status(read_settings()))
    if as_json:
        print(json.dumps(report.to_json()))
    else:
        console.print(render_status(report))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what is wrong with this machine, these settings or this copy, and how to mend it. Exit 1 if anything is."""
    from herwa.console import console
    from herwa.doctor.check_result import Severity
    from herwa.doctor.render import render_results
    from herwa.doctor.runner import run_checks

    results = asyncio.run(run_checks(read_settings()))
    if as_json:
        print(json.dumps([result.to_json() for result in results]))
    else:
        console.print(render_results(results))
    sys.exit(any(result.severity is Severity.ERROR for result in results))


@pipeline_app.command("drain")
def drain(
    timeout: Annotated[float, typer.Option(help="Seconds to wait before giving up.", min=0)] = 60.0,
) -> None:
    """Wait until all that the bot and the buffer hold now is in ClickHouse. Exit 1 when the time is up."""
    from herwa.commands.drain import drain_pipeline

    asyncio.run(drain_pipeline(read_settings(), timeout_seconds=timeout, report=print_note))


@keys_app.command("create")
def create_key(
    guild: Annotated[int, typer.Option(help="The server's id.", min=1, max=MAX_SNOWFLAKE)],
    name: Annotated[str, typer.Option(help="What the key is for.")],
) -> None:
    """Make a key that may read one server's statistics and members. It is printed this once and kept as a hash."""
    from herwa.commands.operator import issue_api_key

    print(asyncio.run(issue_api_key(read_settings(), guild_id=guild, name=name)))


@app.command()
def grant(
    guild: Annotated[str, typer.Argument(help="The server's id, or its exact name.")],
    tier: Annotated[str, typer.Argument(help="The tier's key, as `herwa tiers` shows it.")],
    days: Annotated[int | None, typer.Option(help="For so many days; without it, until it is revoked.")] = None,
    reason: Annotated[str, typer.Option(help="For the audit log.")] = "",
) -> None:
    """Give one server a tier. It is in force in every running process within a second."""
    from herwa.commands.operator import grant_tier

    print(asyncio.run(grant_tier(read_settings(), guild=guild, tier=tier, days=days, reason=reason)))


@app.command()
def revoke(
    guild: Annotated[str, typer.Argument(help="The server's id, or its exact name.")],
    reason: Annotated[str, typer.Option(help="For the audit log.")] = "",
) -> None:
    """Take back whatever one server was granted. Nothing of it is deleted, only hidden."""
    from herwa.commands.operator import revoke_tier

    print(asyncio.run(revoke_tier(read_settings(), guild=guild, reason=reason)))


@app.command("kill-switch")
def set_kill_switch(
    feature: Annotated[str, typer.Argument(help="The feature's key, as `herwa tiers` shows it.")],
    to: Annotated[SwitchPosition, typer.Argument(help="On: the feature is off everywhere. Off: as before.")],
    reason: Annotated[str, typer.Option(help="What people are told where the feature is missing.")] = "",
) -> None:
    """Turn a feature off in every server, with a reason that people see, or take that back."""
    from herwa.commands.operator import change_kill_switch

    print(asyncio.run(change_kill_switch(read_settings(), feature=feature, on=to is SwitchPosition.ON, reason=reason)))


@app.command()
def tiers(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """What each tier includes: features and limits."""
    from herwa.commands.operator import load_tier_overview, render_tiers
    from herwa.console import console

    overview = asyncio.run(load_tier_overview(read_settings()))
    if as_json:
        print(json.dumps(overview.to_json()))
    else:
        console.print(render_tiers(overview))


@app.command()
def audit(
    guild: Annotated[
        str | None, typer.Option(help="A server's id or exact name; without it, the operator's log.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many entries, the newest first.", min=1, max=1000)] = 20,
    check: Annotated[
        bool, typer.Option("--verify", help="Check instead that no entry was changed or removed.")
    ] = False,
) -> None:
    """Who changed what, when, through what; exit 1 when the log was tampered with."""
    from herwa.commands.operator import check_audit_log, format_audit_entry, read_audit_log
    from herwa.console import console

    if check:
        print(asyncio.run(check_audit_log(read_settings(), guild=guild)))
        return
    for entry in asyncio.run(read_audit_log(read_settings(), guild=guild, limit=limit)):
        console.print(format_audit_entry(entry))


def exec_module(module: str) -> None:
    """Replace this process by `python -m MODULE`, so that signals reach it directly.

    Invalid settings are reported before.
    """
    DataFolder(read_settings().data_dir)
    os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606 - our own module, no shell


def print_note(line: str) -> None:
    """Print a note for people to standard error. Standard output is for results."""
    print(line, file=sys.stderr)


def to_date(midnight: datetime | None) -> date | None:
    """Convert Typer's datetime at midnight to a date."""
    return midnight.date() if midnight else None


def main() -> None:
    """Run the command line.

    Known errors are printed as one sentence with an exit code. Other exceptions are bugs and keep their traceback.
    """
    try:
        app(prog_name="herwa")
    except Exception as error:
        from herwa.error_messages import describe_error

        text = describe_error(error)
        if text is None:
            raise
        print_note(text)
        sys.exit(BAD_FILE_EXIT_CODE if isinstance(error, HerwaError) and error.code == "bad_history" else 1)
