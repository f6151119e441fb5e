"""The commands of `herwa export`. Each parses its arguments, calls one function and prints the result."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from herwa.settings_loader import read_settings
from herwa.texts import exports as texts
from herwa.texts import help as help_texts
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.exports.tables import DataSet, ExportFormat

export_app = typer.Typer(no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help=help_texts.JSON_OPTION)]
GuildOption = Annotated[str, typer.Option(help=texts.GUILD_OPTION)]
ExportArgument = Annotated[
    int, typer.Argument(help=texts.EXPORT_ARGUMENT, metavar=help_texts.ID_METAVAR, min=1, max=MAX_SNOWFLAKE)
]
DATE_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


class ExportAction(StrEnum):
    """What can be done with an export."""

    SHOW = "show"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    DELETE = "delete"


@export_app.command("create", help=texts.CREATE_HELP, epilog=texts.CREATE_EXAMPLE)
def create(
    *,
    guild: GuildOption,
    data: Annotated[list[DataSet] | None, typer.Option(help=texts.DATA_OPTION)] = None,
    export_format: Annotated[ExportFormat, typer.Option("--format", help=texts.FORMAT_OPTION)] = ExportFormat.CSV,
    start: Annotated[
        datetime | None,
        typer.Option("--from", formats=DATE_FORMATS, metavar=texts.DATE_METAVAR, help=texts.FROM_OPTION),
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=DATE_FORMATS, metavar=texts.DATE_METAVAR, help=texts.TO_OPTION)
    ] = None,
    channel: Annotated[
        int | None,
        typer.Option(help=texts.CHANNEL_OPTION, metavar=help_texts.ID_METAVAR, min=1, max=MAX_SNOWFLAKE),
    ] = None,
    members: Annotated[bool, typer.Option("--members", help=texts.MEMBERS_OPTION)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=texts.DRY_RUN_OPTION)] = False,
    as_json: JsonOption = False,
) -> None:
    """Create an export, or print what it would hold."""
    from herwa.commands.exports import ExportOptions, create_export_of_guild

    options = ExportOptions(tuple(data or ()), export_format, start, end, channel_id=channel or 0, with_members=members)
    _print(create_export_of_guild(read_settings(), guild=guild, options=options, dry_run=dry_run), as_json=as_json)


@export_app.command("list", help=texts.LIST_HELP)
def list_all(guild: GuildOption, as_json: JsonOption = False) -> None:
    """Print the newest exports of a server."""
    from herwa.commands.exports import list_exports_of_guild

    exports = asyncio.run(list_exports_of_guild(read_settings(), guild=guild))
    print(json.dumps(exports) if as_json else "\n".join(map(texts.format_export, exports)) or texts.NO_EXPORTS)


@export_app.command("events", help=texts.EVENTS_HELP)
def list_all_events(
    guild: GuildOption,
    after: Annotated[
        int, typer.Option(help=texts.AFTER_OPTION, metavar=help_texts.ID_METAVAR, min=0, max=MAX_SNOWFLAKE)
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Print when exports of a server became ready or failed."""
    from herwa.commands.exports import list_events_of_guild

    events = asyncio.run(list_events_of_guild(read_settings(), guild=guild, after_id=after))
    print(json.dumps(events) if as_json else "\n".join(map(texts.format_event, events)) or texts.NO_EVENTS)


@export_app.command("download", help=texts.DOWNLOAD_HELP, epilog=texts.DOWNLOAD_EXAMPLE)
def download(
    export_id: ExportArgument,
    guild: GuildOption,
    path: Annotated[Path, typer.Option("--to", dir_okay=False, help=texts.PATH_OPTION)],
) -> None:
    """Copy the file of an export."""
    from herwa.commands.exports import copy_export

    print(asyncio.run(copy_export(read_settings(), guild=guild, export_id=export_id, path=path)))


def _add_action(action: ExportAction) -> None:
    """Add the command of an action."""

    def act(export_id: ExportArgument, guild: GuildOption, as_json: JsonOption = False) -> None:
        from herwa.commands.exports import run_export_action

        result = run_export_action(read_settings(), guild=guild, export_id=export_id, action=action.value)
        _print(result, as_json=as_json)

    export_app.command(action.value, help=texts.ACTION_HELP[action.value])(act)


def _print(export: Awaitable[dict[str, Any]], *, as_json: bool) -> None:
    async def load() -> dict[str, Any]:
        return await export

    result = asyncio.run(load())
    print(json.dumps(result) if as_json else texts.format_export(result))


for export_action in ExportAction:
    _add_action(export_action)
