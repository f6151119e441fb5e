"""Every `herwa` command: parse, call one thing, print, exit code."""

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
pipeline = typer.Typer(help="The way of events from the bot to ClickHouse.", no_args_is_help=True)
keys = typer.Typer(help="API keys, with which programs read one server.", no_args_is_help=True)
sim = typer.Typer(help="The local Discord. Without a sub-command: run it.", invoke_without_command=True)
app.add_typer(pipeline, name="pipeline")
app.add_typer(keys, name="keys")
app.add_typer(sim, name="sim")

BAD_FILE = 2


class OnOff(StrEnum):
    """How a switch is to stand."""

    ON = "on"
    OFF = "off"


@app.command()
def up() -> None:
    """Run everything: databases, the local Discord (or the real one, with DISCORD_TOKEN), bot, API, worker, pages."""
    from herwa.supervisor.up import up as run_up

    asyncio.run(run_up(read_settings()))


@app.command()
def bot() -> None:
    """Run the bot alone."""
    become("herwa_bot")


@app.command()
def api() -> None:
    """Run the API alone, on a port of its own."""
    become("herwa_api")


@app.command()
def web() -> None:
    """Run the pages alone, on HERWA_PORT; they pass on to the API what is its."""
    become("herwa_web")


@app.command()
def worker() -> None:
    """Run the worker alone: it moves events to ClickHouse."""
    become("herwa_worker")


@sim.callback()
def run_sim(context: typer.Context) -> None:
    """Run the local Discord alone."""
    if context.invoked_subcommand is None:
        become("herwa_sim")


@sim.command("replay")
def sim_replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV, gzipped or not.")],
    guild: Annotated[str, typer.Option(help="The server to replay into; made when there is none of that name.")],
    start: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="UTC day to stop before.")] = None,
) -> None:
    """Send a server's history through the local Discord, message by message, at their true times."""
    from herwa.commands.replay import replay_into

    if start and end and end <= start:
        raise typer.BadParameter("--to must be after --from.")
    done = asyncio.run(replay_into(read_settings(), file, guild=guild, start=day(start), end=day(end)))
    print(json.dumps({"guild_id": str(done.guild_id), "sent": done.sent}))


@app.command()
def migrate() -> None:
    """Bring both databases to the newest schema. Safe to repeat."""
    from herwa_shared.stores import open_stores

    async def migrated(settings: Settings) -> None:
        async with open_stores(settings, say=tell):
            tell("Both databases are on the newest schema.")

    asyncio.run(migrated(read_settings()))


@app.command()
def discover(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is different and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Register every feature, command, page and route that the code declares. Choices are never overwritten."""
    from dataclasses import asdict

    from herwa.commands.discover import discover as run_discovery

    found = asyncio.run(run_discovery(read_settings(), dry_run=dry_run))
    if as_json:
        print(json.dumps(asdict(found)))
        return
    for line in found.lines():
        print(line)
    tell(f"{'Nothing' if not found else len(found.lines())} different, {found.unchanged} unchanged.")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Who runs, on which ports, what waits, and what is wrong."""
    from herwa.console import out
    from herwa.status.render import as_text
    from herwa.status.status import read_status

    found = asyncio.run(read_status(read_settings()))
    if as_json:
        print(json.dumps(found.as_json()))
    else:
        out.print(as_text(found))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what is wrong with this machine, these settings or this copy, and how to mend it. Exit 1 if anything is."""
    from herwa.console import out
    from herwa.doctor.check_result import Grade
    from herwa.doctor.render import as_text
    from herwa.doctor.runner import checkup

    findings = asyncio.run(checkup(read_settings()))
    if as_json:
        print(json.dumps([finding.as_json() for finding in findings]))
    else:
        out.print(as_text(findings))
    sys.exit(any(finding.grade is Grade.WRONG for finding in findings))


@pipeline.command("drain")
def pipeline_drain(
    timeout: Annotated[float, typer.Option(help="Seconds to wait before giving up.", min=0)] = 60.0,
) -> None:
    """Wait until all that the bot and the buffer hold now is in ClickHouse. Exit 1 when the time is up."""
    from herwa.commands.drain import drain_pipeline

    asyncio.run(drain_pipeline(read_settings(), within=timeout, say=tell))


@keys.command("create")
def keys_create(
    guild: Annotated[int, typer.Option(help="The server's id.", min=1, max=MAX_SNOWFLAKE)],
    name: Annotated[str, typer.Option(help="What the key is for.")],
) -> None:
    """Make a key that may read one server's statistics and members. It is printed this once and kept as a hash."""
    from herwa.commands.operator import create

    print(asyncio.run(create(read_settings(), guild_id=guild, name=name)))


@app.command()
def grant(
    guild: Annotated[str, typer.Argument(help="The server's id, or its exact name.")],
    tier: Annotated[str, typer.Argument(help="The tier's key, as `herwa tiers` shows it.")],
    days: Annotated[int | None, typer.Option(help="For so many days; without it, until it is revoked.")] = None,
    reason: Annotated[str, typer.Option(help="For the audit log.")] = "",
) -> None:
    """Give one server a tier. It is in force in every running process within a second."""
    from herwa.commands.operator import grant as give

    print(asyncio.run(give(read_settings(), guild=guild, tier=tier, days=days, reason=reason)))


@app.command()
def revoke(
    guild: Annotated[str, typer.Argument(help="The server's id, or its exact name.")],
    reason: Annotated[str, typer.Option(help="For the audit log.")] = "",
) -> None:
    """Take back whatever one server was granted. Nothing of it is deleted, only hidden."""
    from herwa.commands.operator import revoke as take_back

    print(asyncio.run(take_back(read_settings(), guild=guild, reason=reason)))


@app.command("kill-switch")
def kill_switch(
    feature: Annotated[str, typer.Argument(help="The feature's key, as `herwa tiers` shows it.")],
    to: Annotated[OnOff, typer.Argument(help="On: the feature is off everywhere. Off: as before.")],
    reason: Annotated[str, typer.Option(help="What people are told where the feature is missing.")] = "",
) -> None:
    """Turn a feature off in every server, with a reason that people see, or take that back."""
    from herwa.commands.operator import set_kill_switch

    print(asyncio.run(set_kill_switch(read_settings(), feature=feature, on=to is OnOff.ON, reason=reason)))


@app.command()
def tiers(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """What each tier includes: features and limits."""
    from herwa.commands.operator import as_table, read_offer
    from herwa.console import out

    offered = asyncio.run(read_offer(read_settings()))
    if as_json:
        print(json.dumps(offered.as_json()))
    else:
        out.print(as_table(offered))


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
    from herwa.commands.operator import as_text, newest, verify
    from herwa.console import out

    if check:
        print(asyncio.run(verify(read_settings(), guild=guild)))
        return
    for entry in asyncio.run(newest(read_settings(), guild=guild, limit=limit)):
        out.print(as_text(entry))


def become(module: str) -> None:
    """Turn into another process of Herwa, so that signals reach it without a detour; bad settings are told before."""
    DataFolder(read_settings().data_dir)
    os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606 - our own module, no shell


def tell(line: str) -> None:
    """A remark for people; standard output is for results."""
    print(line, file=sys.stderr)


def day(moment: datetime | None) -> date | None:
    """The day that was typed."""
    return moment.date() if moment else None


def main() -> None:
    """Entry point. What people can mend is told in a sentence; a bug has its traceback."""
    try:
        app(prog_name="herwa")
    except Exception as error:
        from herwa.error_messages import sentence

        said = sentence(error)
        if said is None:
            raise
        tell(said)
        sys.exit(BAD_FILE if isinstance(error, HerwaError) and error.code == "bad_history" else 1)
