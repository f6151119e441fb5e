"""Every `herwa` command: parse, call one thing, print, exit code."""

import asyncio
import json
import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from herwa.settings import read_settings
from herwa_shared.config import Settings
from herwa_shared.errors import HerwaError
from herwa_shared.folder import DataFolder

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
LARGEST_ID = (1 << 63) - 1


@app.command()
def up() -> None:
    """Run everything: databases, the local Discord (or the real one, with DISCORD_TOKEN), bot, API, worker, pages."""
    from herwa.up import up as run_up

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
    from herwa.history import replay_into

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
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Who runs, on which ports, what waits, and what is wrong."""
    from herwa.say import out
    from herwa.status import read_status
    from herwa.status_text import as_text

    found = asyncio.run(read_status(read_settings()))
    if as_json:
        print(json.dumps(found.as_json()))
    else:
        out.print(as_text(found))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what is wrong with this machine, these settings or this copy, and how to mend it. Exit 1 if anything is."""
    from herwa.doctor import Grade, checkup
    from herwa.doctor_text import as_text
    from herwa.say import out

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
    from herwa.drain import drain_pipeline

    asyncio.run(drain_pipeline(read_settings(), within=timeout, say=tell))


@keys.command("create")
def keys_create(
    guild: Annotated[int, typer.Option(help="The server's id.", min=1, max=LARGEST_ID)],
    name: Annotated[str, typer.Option(help="What the key is for.")],
) -> None:
    """Make a key that may read one server's statistics and members. It is printed this once and kept as a hash."""
    from herwa.keys import create

    print(asyncio.run(create(read_settings(), guild_id=guild, name=name)))


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
        from herwa.failure import sentence

        said = sentence(error)
        if said is None:
            raise
        tell(said)
        sys.exit(BAD_FILE if isinstance(error, HerwaError) and error.code == "bad_history" else 1)
