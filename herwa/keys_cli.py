"""The commands of `herwa keys`. Each parses its arguments, calls one function and prints the result."""

import asyncio
import json
from typing import Annotated

import typer

from herwa.settings_loader import read_settings
from herwa.texts import help as texts
from herwa_shared.catalog import Scope
from herwa_shared.discord.constants import MAX_SNOWFLAKE

keys_app = typer.Typer(no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help=texts.JSON_OPTION)]
GuildIdOption = Annotated[
    int, typer.Option("--guild", help=texts.GUILD_ID_OPTION, metavar=texts.ID_METAVAR, min=1, max=MAX_SNOWFLAKE)
]
KeyIdArgument = Annotated[
    int, typer.Argument(help=texts.KEY_ID_ARGUMENT, metavar=texts.ID_METAVAR, min=1, max=MAX_SNOWFLAKE)
]


@keys_app.command("create", help=texts.CREATE_KEY_HELP, epilog=texts.CREATE_KEY_EXAMPLE)
def create_key(
    guild: GuildIdOption,
    name: Annotated[str, typer.Option(help=texts.KEY_NAME_OPTION)],
    scope: Annotated[list[Scope] | None, typer.Option(help=texts.KEY_SCOPE_OPTION)] = None,
    days: Annotated[int | None, typer.Option(help=texts.KEY_DAYS_OPTION, min=1, max=3_650)] = None,
    network: Annotated[list[str] | None, typer.Option(help=texts.KEY_NETWORK_OPTION)] = None,
    test: Annotated[bool, typer.Option("--test", help=texts.TEST_KEY_OPTION)] = False,
    as_json: JsonOption = False,
) -> None:
    """Create an API key and print it."""
    from herwa.commands.api_keys import build_new_key_json, issue_api_key

    creation = issue_api_key(
        read_settings(),
        guild_id=guild,
        name=name,
        scopes=scope or (),
        days=days,
        networks=network or (),
        is_test=test,
    )
    new_key = asyncio.run(creation)
    print(json.dumps(build_new_key_json(new_key)) if as_json else new_key.secret)


@keys_app.command("list", help=texts.LIST_KEYS_HELP, epilog=texts.LIST_KEYS_EXAMPLE)
def list_keys(guild: GuildIdOption, as_json: JsonOption = False) -> None:
    """Print the API keys of a server, without their secrets."""
    from herwa.commands.api_keys import build_key_json, load_api_keys, render_api_keys
    from herwa.console import console

    keys = asyncio.run(load_api_keys(read_settings(), guild_id=guild))
    if as_json:
        print(json.dumps([build_key_json(key) for key in keys]))
    else:
        console.print(render_api_keys(keys))


@keys_app.command("rotate", help=texts.ROTATE_KEY_HELP, epilog=texts.ROTATE_KEY_EXAMPLE)
def rotate_key(
    key_id: KeyIdArgument,
    guild: GuildIdOption,
    overlap_hours: Annotated[float, typer.Option(help=texts.KEY_OVERLAP_OPTION, min=0, max=720)] = 24,
    as_json: JsonOption = False,
) -> None:
    """Replace an API key and print the new one."""
    from herwa.commands.api_keys import build_new_key_json, replace_api_key

    rotation = replace_api_key(read_settings(), guild_id=guild, key_id=key_id, overlap_hours=overlap_hours)
    new_key = asyncio.run(rotation)
    print(json.dumps(build_new_key_json(new_key)) if as_json else new_key.secret)


@keys_app.command("revoke", help=texts.REVOKE_KEY_HELP, epilog=texts.REVOKE_KEY_EXAMPLE)
def revoke_key(key_id: KeyIdArgument, guild: GuildIdOption, as_json: JsonOption = False) -> None:
    """Revoke an API key."""
    from herwa.commands.api_keys import build_key_json, describe_revoked, revoke_api_key

    key = asyncio.run(revoke_api_key(read_settings(), guild_id=guild, key_id=key_id))
    print(json.dumps(build_key_json(key)) if as_json else describe_revoked(key))


@keys_app.command("usage", help=texts.KEY_USAGE_HELP, epilog=texts.KEY_USAGE_EXAMPLE)
def show_usage(
    key_id: KeyIdArgument,
    guild: GuildIdOption,
    days: Annotated[int, typer.Option(help=texts.KEY_USAGE_DAYS_OPTION, min=1, max=90)] = 30,
    as_json: JsonOption = False,
) -> None:
    """Print the requests with an API key."""
    from herwa.commands.api_key_usage import build_usage_json, load_api_key_usage, render_usage
    from herwa.console import console

    usage, requests = asyncio.run(load_api_key_usage(read_settings(), guild_id=guild, key_id=key_id, days=days))
    if as_json:
        print(json.dumps(build_usage_json(usage, requests)))
        return
    for part in render_usage(usage, requests):
        console.print(part)
