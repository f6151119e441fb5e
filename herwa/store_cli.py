"""The commands of `herwa sim store`. Each parses its arguments, calls one function and prints the result."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from herwa.admin_cli import MAX_DAYS, SwitchPosition
from herwa.settings_loader import read_settings
from herwa.texts import help as help_texts
from herwa.texts import store as texts
from herwa_shared.discord.constants import MAX_SNOWFLAKE

store_app = typer.Typer(no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help=help_texts.JSON_OPTION)]
EventOption = Annotated[bool, typer.Option("--event/--no-event", help=texts.EVENT_OPTION)]
PurchaseArgument = Annotated[
    int, typer.Argument(help=texts.PURCHASE_ARGUMENT, metavar=help_texts.ID_METAVAR, min=1, max=MAX_SNOWFLAKE)
]


@store_app.command("list", help=texts.LIST_HELP)
def list_all(
    guild: Annotated[str | None, typer.Option(help=texts.GUILD_OPTION)] = None, as_json: JsonOption = False
) -> None:
    """Print what can be bought, and what servers bought."""
    from herwa.commands.store import load_store

    _print(load_store(read_settings(), guild=guild), texts.format_store, as_json=as_json)


@store_app.command("buy", help=texts.BUY_HELP, epilog=texts.BUY_EXAMPLE)
def buy(
    guild: Annotated[str, typer.Argument(help=help_texts.GUILD_ARGUMENT)],
    sku: Annotated[
        int | None,
        typer.Option(help=texts.SKU_OPTION, metavar=help_texts.ID_METAVAR, min=1, max=MAX_SNOWFLAKE),
    ] = None,
    days: Annotated[int | None, typer.Option(help=texts.DAYS_OPTION, min=1, max=MAX_DAYS)] = None,
    event: EventOption = True,
    as_json: JsonOption = False,
) -> None:
    """Sell to a server."""
    from herwa.commands.store import buy_for_guild

    purchase = buy_for_guild(read_settings(), guild=guild, sku_id=sku, days=days, has_event=event)
    _print(purchase, texts.format_purchase, as_json=as_json)


@store_app.command("refund", help=texts.REFUND_HELP, epilog=texts.REFUND_EXAMPLE)
def refund(purchase: PurchaseArgument, event: EventOption = True, as_json: JsonOption = False) -> None:
    """Refund a purchase."""
    from herwa.commands.store import refund_purchase

    result = refund_purchase(read_settings(), purchase_id=purchase, has_event=event)
    _print(result, texts.format_purchase, as_json=as_json)


@store_app.command("end", help=texts.END_HELP)
def end(purchase: PurchaseArgument, event: EventOption = True, as_json: JsonOption = False) -> None:
    """End a purchase."""
    from herwa.commands.store import end_purchase

    result = end_purchase(read_settings(), purchase_id=purchase, has_event=event)
    _print(result, texts.format_purchase, as_json=as_json)


@store_app.command("fail", help=texts.FAIL_HELP, epilog=texts.FAIL_EXAMPLE)
def fail(
    to: Annotated[SwitchPosition, typer.Argument(help=texts.FAIL_ARGUMENT)],
    status: Annotated[int, typer.Option(help=texts.STATUS_OPTION, min=500, max=599)] = 502,
    as_json: JsonOption = False,
) -> None:
    """Let requests for purchases fail, or respond again."""
    from herwa.commands.store import set_failing

    result = set_failing(read_settings(), status=status if to is SwitchPosition.ON else None)
    _print(result, texts.format_failing, as_json=as_json)


def _print(result: dict[str, Any], format_result: Callable[[dict[str, Any]], str], *, as_json: bool) -> None:
    print(json.dumps(result) if as_json else format_result(result))
