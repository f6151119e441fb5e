"""All `herwa` commands. Each parses its arguments, calls one function and prints the result."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from herwa.admin_cli import SwitchPosition, admin_app
from herwa.export_cli import export_app
from herwa.keys_cli import keys_app
from herwa.settings_loader import read_settings
from herwa.store_cli import store_app
from herwa.texts import admin, exports, history, history_import, operator, privacy, sessions, store
from herwa.texts import backfill as backfill_texts
from herwa.texts import backup as backup_texts
from herwa.texts import help as texts
from herwa_shared.config import Settings
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.runtime.data_dir import DataFolder

app = typer.Typer(help=texts.APP_HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
pipeline_app = typer.Typer(no_args_is_help=True)
privacy_app = typer.Typer(no_args_is_help=True)
sim_app = typer.Typer(invoke_without_command=True)
JsonOption = Annotated[bool, typer.Option("--json", help=texts.JSON_OPTION)]


class BackfillAction(StrEnum):
    """Argument of `herwa backfill`."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STATUS = "status"


@app.command(help=texts.UP_HELP, rich_help_panel=texts.RUN_PANEL)
def up() -> None:
    """Run everything until Ctrl-C."""
    from herwa.supervisor.up import run_all

    asyncio.run(run_all(read_settings()))


@app.command(help=texts.BOT_HELP, rich_help_panel=texts.RUN_PANEL)
def bot() -> None:
    """Run the bot alone."""
    exec_module("herwa_bot")


@app.command(help=texts.API_HELP, rich_help_panel=texts.RUN_PANEL)
def api() -> None:
    """Run the API alone."""
    exec_module("herwa_api")


@app.command(help=texts.WEB_HELP, rich_help_panel=texts.RUN_PANEL)
def web() -> None:
    """Run the pages alone."""
    exec_module("herwa_web")


@app.command(help=texts.WORKER_HELP, rich_help_panel=texts.RUN_PANEL)
def worker() -> None:
    """Run the worker alone."""
    exec_module("herwa_worker")


@sim_app.callback()
def run_sim(context: typer.Context) -> None:
    """Run the local Discord alone."""
    if context.invoked_subcommand is None:
        exec_module("herwa_sim")


@sim_app.command("replay", help=history.REPLAY_HELP, epilog=history.REPLAY_EXAMPLE)
def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=history.HISTORY_FILE_ARGUMENT)],
    guild: Annotated[str, typer.Option(help=history.HISTORY_GUILD_OPTION)],
    start: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar=history.DATE_METAVAR, help=history.FROM_OPTION),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar=history.DATE_METAVAR, help=history.TO_OPTION),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=history.DRY_RUN_OPTION)] = False,
) -> None:
    """Import a message history through the local Discord."""
    from dataclasses import asdict

    from herwa.commands.replay import check_history, replay_and_record

    if start and end and end <= start:
        raise typer.BadParameter(history.END_BEFORE_START)
    if dry_run:
        summary = check_history(file, start=to_date(start), end=to_date(end))
        print(json.dumps(asdict(summary), default=datetime.isoformat))
        return
    result = asyncio.run(replay_and_record(read_settings(), file, guild=guild, start=to_date(start), end=to_date(end)))
    print(json.dumps({"guild_id": str(result.guild_id), "sent": result.sent}))


@app.command(
    "import", help=history_import.IMPORT_HELP, rich_help_panel=texts.DATA_PANEL, epilog=history_import.IMPORT_EXAMPLE
)
def import_past(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=history_import.FILE_ARGUMENT)],
    guild: Annotated[str, typer.Option(help=history_import.GUILD_OPTION)],
    complete: Annotated[bool, typer.Option("--complete", help=history_import.COMPLETE_OPTION)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=history_import.DRY_RUN_OPTION)] = False,
) -> None:
    """Import a history file into a server."""
    from herwa.commands.import_history import import_history
    from herwa.history_files.history_source import open_history, summarize

    if dry_run:
        print(json.dumps(summarize(open_history(file, is_complete=complete))._asdict(), default=datetime.isoformat))
        return
    try:
        result = asyncio.run(
            import_history(read_settings(), file, guild=guild, is_complete=complete, report=print_note)
        )
    except KeyboardInterrupt:
        print_note(history_import.INTERRUPTED)
        sys.exit(130)
    print(json.dumps(result.to_json()))


@app.command(
    help=backfill_texts.BACKFILL_HELP, rich_help_panel=texts.DATA_PANEL, epilog=backfill_texts.BACKFILL_EXAMPLE
)
def backfill(
    guild: Annotated[str, typer.Argument(help=backfill_texts.GUILD_ARGUMENT)],
    action: Annotated[BackfillAction, typer.Argument(help=backfill_texts.ACTION_ARGUMENT)] = BackfillAction.STATUS,
) -> None:
    """Start, pause or resume the back-fill of a server, or print its status."""
    from herwa.commands.backfill import run_backfill_action

    print(asyncio.run(run_backfill_action(read_settings(), guild=guild, action=action)))


@app.command(help=texts.STATUS_HELP, rich_help_panel=texts.CHECK_PANEL, epilog=texts.STATUS_EXAMPLE)
def status(as_json: JsonOption = False) -> None:
    """Print the status of this copy."""
    from herwa.console import console
    from herwa.status.render import render_status
    from herwa.status.status import read_status

    report = asyncio.run(read_status(read_settings()))
    if as_json:
        print(json.dumps(report.to_json()))
    else:
        console.print(render_status(report))


@app.command(help=texts.DOCTOR_HELP, rich_help_panel=texts.CHECK_PANEL)
def doctor(
    as_json: JsonOption = False,
    production: Annotated[bool, typer.Option("--production", help=texts.PRODUCTION_OPTION)] = False,
) -> None:
    """Print the results of all checks."""
    from herwa.console import console
    from herwa.doctor.check_result import Severity
    from herwa.doctor.render import render_results
    from herwa.doctor.runner import run_checks

    results = asyncio.run(run_checks(read_settings(), production=production))
    if as_json:
        print(json.dumps([result.to_json() for result in results]))
    else:
        console.print(render_results(results))
    sys.exit(any(result.severity is Severity.ERROR for result in results))


@app.command(help=texts.MIGRATE_HELP, rich_help_panel=texts.DATA_PANEL)
def migrate() -> None:
    """Migrate both databases to the newest schema."""
    from herwa_shared.stores import open_stores

    async def run_migrations(settings: Settings) -> None:
        async with open_stores(settings, report=print_note):
            print_note(operator.SCHEMA_UP_TO_DATE)

    asyncio.run(run_migrations(read_settings()))


@app.command(help=backup_texts.BACKUP_HELP, rich_help_panel=texts.DATA_PANEL, epilog=backup_texts.BACKUP_EXAMPLE)
def backup(
    file: Annotated[Path | None, typer.Argument(dir_okay=False, help=backup_texts.BACKUP_FILE_ARGUMENT)] = None,
) -> None:
    """Back up both databases to one file."""
    from herwa.commands.backup import back_up

    print(asyncio.run(back_up(read_settings(), file=file, report=print_note)))


@app.command(help=backup_texts.RESTORE_HELP, rich_help_panel=texts.DATA_PANEL, epilog=backup_texts.RESTORE_EXAMPLE)
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=backup_texts.RESTORE_FILE_ARGUMENT)],
) -> None:
    """Replace both databases by a backup."""
    from herwa.commands.backup import restore as restore_from_file

    print(asyncio.run(restore_from_file(read_settings(), file=file, report=print_note)))


@app.command(help=texts.DISCOVER_HELP, rich_help_panel=texts.DATA_PANEL)
def discover(
    dry_run: Annotated[bool, typer.Option("--dry-run", help=texts.DRY_RUN_OPTION)] = False,
    as_json: JsonOption = False,
) -> None:
    """Register the surfaces that the code declares."""
    from dataclasses import asdict

    from herwa.commands.discover import discover as run_discovery

    difference = asyncio.run(run_discovery(read_settings(), dry_run=dry_run))
    if as_json:
        print(json.dumps(asdict(difference)))
        return
    for line in difference.format_lines():
        print(line)
    print_note(operator.format_discovered(len(difference.format_lines()), difference.unchanged))


@pipeline_app.command("drain", help=texts.DRAIN_HELP, epilog=texts.DRAIN_EXAMPLE)
def drain(
    timeout: Annotated[float, typer.Option(help=texts.TIMEOUT_OPTION, min=0)] = 60.0,
) -> None:
    """Wait until all current events are in ClickHouse."""
    from herwa.commands.drain import drain_pipeline

    asyncio.run(drain_pipeline(read_settings(), timeout_seconds=timeout, report=print_note))


@app.command(help=texts.GRANT_HELP, rich_help_panel=texts.OPERATOR_PANEL, epilog=texts.GRANT_EXAMPLE)
def grant(
    guild: Annotated[str, typer.Argument(help=texts.GUILD_ARGUMENT)],
    tier: Annotated[str, typer.Argument(help=texts.TIER_ARGUMENT)],
    days: Annotated[int | None, typer.Option(help=texts.DAYS_OPTION)] = None,
    reason: Annotated[str, typer.Option(help=texts.AUDIT_REASON_OPTION)] = "",
) -> None:
    """Grant a tier to one server."""
    from herwa.commands.operator import grant_tier

    print(asyncio.run(grant_tier(read_settings(), guild=guild, tier=tier, days=days, reason=reason)))


@app.command(help=texts.REVOKE_HELP, rich_help_panel=texts.OPERATOR_PANEL, epilog=texts.REVOKE_EXAMPLE)
def revoke(
    guild: Annotated[str, typer.Argument(help=texts.GUILD_ARGUMENT)],
    reason: Annotated[str, typer.Option(help=texts.AUDIT_REASON_OPTION)] = "",
) -> None:
    """Revoke all tiers granted to one server."""
    from herwa.commands.operator import revoke_tier

    print(asyncio.run(revoke_tier(read_settings(), guild=guild, reason=reason)))


@app.command(
    "kill-switch", help=texts.KILL_SWITCH_HELP, rich_help_panel=texts.OPERATOR_PANEL, epilog=texts.KILL_SWITCH_EXAMPLE
)
def set_kill_switch(
    feature: Annotated[str, typer.Argument(help=texts.FEATURE_ARGUMENT)],
    to: Annotated[SwitchPosition, typer.Argument(help=texts.SWITCH_ARGUMENT)],
    reason: Annotated[str, typer.Option(help=texts.KILL_REASON_OPTION)] = "",
) -> None:
    """Set or clear the kill switch of a feature."""
    from herwa.commands.operator import change_kill_switch

    print(asyncio.run(change_kill_switch(read_settings(), feature=feature, on=to is SwitchPosition.ON, reason=reason)))


@app.command(help=texts.TIERS_HELP, rich_help_panel=texts.OPERATOR_PANEL)
def tiers(as_json: JsonOption = False) -> None:
    """Print features and limits of all tiers."""
    from herwa.commands.operator import load_tier_overview, render_tiers
    from herwa.console import console

    overview = asyncio.run(load_tier_overview(read_settings()))
    if as_json:
        print(json.dumps(overview.to_json()))
    else:
        console.print(render_tiers(overview))


@app.command(help=texts.AUDIT_HELP, rich_help_panel=texts.OPERATOR_PANEL, epilog=texts.AUDIT_EXAMPLE)
def audit(
    guild: Annotated[str | None, typer.Option(help=texts.AUDIT_GUILD_OPTION)] = None,
    limit: Annotated[int, typer.Option(help=texts.LIMIT_OPTION, min=1, max=1000)] = 20,
    check: Annotated[bool, typer.Option("--verify", help=texts.VERIFY_OPTION)] = False,
) -> None:
    """Print or verify an audit log."""
    from herwa.commands.audit_log import verify_audit_logs
    from herwa.commands.operator import format_audit_entry, read_audit_log
    from herwa.console import console

    if check:
        print(asyncio.run(verify_audit_logs(read_settings(), guild=guild)))
        return
    for entry in asyncio.run(read_audit_log(read_settings(), guild=guild, limit=limit)):
        console.print(format_audit_entry(entry))


@privacy_app.command("erase-user", help=privacy.ERASE_USER_HELP, epilog=privacy.ERASE_USER_EXAMPLE)
def erase_user(
    user: Annotated[
        int, typer.Argument(help=privacy.USER_ARGUMENT, metavar=texts.ID_METAVAR, min=1, max=MAX_SNOWFLAKE)
    ],
    guild: Annotated[str | None, typer.Option(help=privacy.GUILD_OPTION)] = None,
    yes: Annotated[bool, typer.Option("--yes", help=privacy.YES_OPTION)] = False,
) -> None:
    """Erase a user."""
    from herwa.commands.privacy import erase_user as run_erasure

    print(asyncio.run(run_erasure(read_settings(), user_id=user, guild=guild, confirm=build_confirmation(yes))))


@privacy_app.command("delete-guild", help=privacy.DELETE_GUILD_HELP, epilog=privacy.DELETE_GUILD_EXAMPLE)
def delete_guild(
    guild: Annotated[str, typer.Argument(help=privacy.GUILD_ARGUMENT)],
    yes: Annotated[bool, typer.Option("--yes", help=privacy.YES_OPTION)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=privacy.DRY_RUN_OPTION)] = False,
) -> None:
    """Delete a server that the bot left."""
    from herwa.commands.privacy import delete_left_guild

    confirm = build_confirmation(yes)
    print(asyncio.run(delete_left_guild(read_settings(), guild=guild, dry_run=dry_run, confirm=confirm)))


@privacy_app.command("log-name", help=privacy.LOG_NAME_HELP, epilog=privacy.LOG_NAME_EXAMPLE)
def show_log_name(
    user: Annotated[
        int, typer.Argument(help=privacy.USER_ARGUMENT, metavar=texts.ID_METAVAR, min=1, max=MAX_SNOWFLAKE)
    ],
) -> None:
    """Print the pseudonym of a user in the logs of this copy."""
    from herwa_shared.log import pseudonymize_user

    print(pseudonymize_user(user, DataFolder(read_settings().data_dir).get_log_key()))


@app.command(
    "end-sessions",
    help=sessions.END_SESSIONS_HELP,
    epilog=sessions.END_SESSIONS_EXAMPLE,
    rich_help_panel=texts.OPERATOR_PANEL,
)
def end_sessions(
    user: Annotated[
        int | None, typer.Argument(help=sessions.USER_ARGUMENT, metavar=texts.ID_METAVAR, min=1, max=MAX_SNOWFLAKE)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help=sessions.YES_OPTION)] = False,
) -> None:
    """End log-ins."""
    from herwa.commands.sessions import end_sessions as run_end

    print(asyncio.run(run_end(read_settings(), user_id=user, confirm=build_confirmation(yes))))


sim_app.add_typer(store_app, name="store", help=store.STORE_HELP)
app.add_typer(sim_app, name="sim", help=texts.SIM_HELP, rich_help_panel=texts.RUN_PANEL)
app.add_typer(pipeline_app, name="pipeline", help=texts.PIPELINE_HELP, rich_help_panel=texts.DATA_PANEL)
app.add_typer(export_app, name="export", help=exports.EXPORT_HELP, rich_help_panel=texts.DATA_PANEL)
app.add_typer(admin_app, name="admin", help=admin.ADMIN_HELP, rich_help_panel=texts.OPERATOR_PANEL)
app.add_typer(keys_app, name="keys", help=texts.KEYS_HELP, rich_help_panel=texts.OPERATOR_PANEL)
app.add_typer(privacy_app, name="privacy", help=privacy.PRIVACY_HELP, rich_help_panel=texts.OPERATOR_PANEL)


def exec_module(module: str) -> None:
    """Replace this process by `python -m MODULE`, so that signals reach it directly.

    Invalid settings are reported before.
    """
    DataFolder(read_settings().data_dir)
    os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606 - our own module, no shell


def build_confirmation(yes: bool) -> Callable[[str], bool]:
    """Build the function that asks for a confirmation; it always agrees after `--yes`."""
    return (lambda _question: True) if yes else typer.confirm


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
        sys.exit(1)
