"""The commands of `herwa admin`. Each parses its arguments, calls one function and prints the result."""

import asyncio
import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from herwa.settings_loader import read_settings
from herwa.texts import admin as texts
from herwa.texts import help as help_texts
from herwa_shared.catalog import Limit
from herwa_shared.operators.server_criteria import ServerActivity, ServerFilter, ServerSize, ServerTrouble


class SwitchPosition(StrEnum):
    """Argument of `herwa kill-switch`."""

    ON = "on"
    OFF = "off"


MAX_DAYS = 3_650  # herwa_shared.services.periods has the rule; importing it would slow down every command
admin_app = typer.Typer(no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help=help_texts.JSON_OPTION)]
GuildArgument = Annotated[str, typer.Argument(help=help_texts.GUILD_ARGUMENT)]
ReasonOption = Annotated[str, typer.Option(help=texts.REASON_OPTION)]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help=help_texts.DRY_RUN_OPTION)]
DaysOption = Annotated[int | None, typer.Option(help=help_texts.DAYS_OPTION, min=1, max=MAX_DAYS)]


@admin_app.command("servers", help=texts.SERVERS_HELP, epilog=texts.SERVERS_EXAMPLE)
def list_servers(
    query: Annotated[str, typer.Argument(help=texts.QUERY_ARGUMENT)] = "",
    tier: Annotated[str | None, typer.Option(help=texts.TIER_OPTION)] = None,
    size: Annotated[ServerSize | None, typer.Option(help=texts.SIZE_OPTION)] = None,
    activity: Annotated[ServerActivity | None, typer.Option(help=texts.ACTIVITY_OPTION)] = None,
    trouble: Annotated[ServerTrouble | None, typer.Option(help=texts.TROUBLE_OPTION)] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the servers that match."""
    from herwa.commands.admin import find_servers, render_servers
    from herwa.console import console

    found = asyncio.run(find_servers(read_settings(), ServerFilter(query, tier, size, activity, trouble)))
    if as_json:
        print(json.dumps(found.to_json()))
        return
    console.print(render_servers(found))
    if found.has_more:
        console.print(texts.MORE_SERVERS)


@admin_app.command("server", help=texts.SERVER_HELP, epilog=texts.SERVER_EXAMPLE)
def show_server(guild: GuildArgument, as_json: JsonOption = False) -> None:
    """Print one server."""
    from herwa.commands.admin import render_lines
    from herwa.commands.admin import show_server as load_server

    details = asyncio.run(load_server(read_settings(), guild=guild)).to_json()
    print(json.dumps(details) if as_json else render_lines(details))


@admin_app.command("grant", help=texts.GRANT_HELP, epilog=texts.GRANT_EXAMPLE)
def grant_tier(
    guild: GuildArgument,
    tier: Annotated[str, typer.Argument(help=help_texts.TIER_ARGUMENT)],
    reason: ReasonOption,
    days: DaysOption = None,
    trial: Annotated[bool, typer.Option("--trial", help=texts.TRIAL_OPTION)] = False,
    as_json: JsonOption = False,
) -> None:
    """Grant a tier."""
    _change(guild, "grant", as_json=as_json, tier=tier, days=days, is_trial=trial, reason=reason)


@admin_app.command("extend", help=texts.EXTEND_HELP, epilog=texts.EXTEND_EXAMPLE)
def extend_tier(
    guild: GuildArgument,
    days: Annotated[int, typer.Argument(help=texts.DAYS_ARGUMENT, min=1, max=MAX_DAYS)],
    reason: ReasonOption,
    as_json: JsonOption = False,
) -> None:
    """Extend the current tier."""
    _change(guild, "extend", as_json=as_json, days=days, reason=reason)


@admin_app.command("revoke", help=texts.REVOKE_HELP, epilog=texts.REVOKE_EXAMPLE)
def revoke_tier(guild: GuildArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """Revoke all granted tiers."""
    _change(guild, "revoke", as_json=as_json, reason=reason)


@admin_app.command("feature", help=texts.FEATURE_HELP, epilog=texts.FEATURE_EXAMPLE)
def add_feature(
    guild: GuildArgument,
    feature: Annotated[str, typer.Argument(help=help_texts.FEATURE_ARGUMENT)],
    reason: ReasonOption,
    days: DaysOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grant a feature beyond the tier."""
    _change(guild, "feature", as_json=as_json, feature=feature, days=days, reason=reason)


@admin_app.command("limit", help=texts.LIMIT_HELP, epilog=texts.LIMIT_EXAMPLE)
def add_limit(
    guild: GuildArgument,
    limit: Annotated[Limit, typer.Argument()],
    value: Annotated[str, typer.Argument(help=texts.VALUE_ARGUMENT)],
    reason: ReasonOption,
    days: DaysOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grant a limit beyond the tier."""
    from herwa.commands.admin import parse_limit_value

    number = parse_limit_value(value)
    _change(guild, "limit", as_json=as_json, limit=limit, value=number, days=days, reason=reason)


@admin_app.command("revoke-override", help=texts.REVOKE_OVERRIDE_HELP, epilog=texts.REVOKE_OVERRIDE_EXAMPLE)
def revoke_override(
    guild: GuildArgument,
    override: Annotated[int, typer.Argument(help=texts.OVERRIDE_ARGUMENT, min=1)],
    reason: ReasonOption,
    as_json: JsonOption = False,
) -> None:
    """Revoke a feature or limit beyond the tier."""
    _change(guild, "revoke-override", as_json=as_json, grant_id=override, reason=reason)


@admin_app.command("note", help=texts.NOTE_HELP, epilog=texts.NOTE_EXAMPLE)
def add_note(
    guild: GuildArgument,
    text: Annotated[str, typer.Argument(help=texts.NOTE_ARGUMENT)],
    as_json: JsonOption = False,
) -> None:
    """Write a note."""
    _change(guild, "note", as_json=as_json, text=text)


@admin_app.command("overview", help=texts.OVERVIEW_HELP)
def show_overview(as_json: JsonOption = False) -> None:
    """Print the overview."""
    from herwa.commands.admin import read_overview, render_lines

    overview = asyncio.run(read_overview(read_settings())).to_json()
    print(json.dumps(overview) if as_json else render_lines(overview))


@admin_app.command("health", help=texts.HEALTH_HELP)
def show_health(as_json: JsonOption = False) -> None:
    """Print the health of this copy."""
    from herwa.commands.admin import read_health, render_health

    report = asyncio.run(read_health(read_settings()))
    print(json.dumps(report.to_json()) if as_json else render_health(report))
    if report.problems:
        raise typer.Exit(1)


@admin_app.command("run-job", help=texts.RUN_JOB_HELP, epilog=texts.RUN_JOB_EXAMPLE)
def run_job(name: Annotated[str, typer.Argument(help=texts.JOB_ARGUMENT)], as_json: JsonOption = False) -> None:
    """Let the worker run a job."""
    from herwa.commands.admin import run_job as request_run

    asyncio.run(request_run(read_settings(), name=name))
    print(json.dumps({"job": name}) if as_json else texts.format_job(name))


@admin_app.command("kill-switch", help=texts.KILL_SWITCH_HELP, epilog=texts.KILL_SWITCH_EXAMPLE)
def switch_feature(
    feature: Annotated[str, typer.Argument(help=help_texts.FEATURE_ARGUMENT)],
    to: Annotated[SwitchPosition, typer.Argument(help=help_texts.SWITCH_ARGUMENT)],
    reason: Annotated[str, typer.Option(help=help_texts.KILL_REASON_OPTION)] = "",
    as_json: JsonOption = False,
) -> None:
    """Set or clear a kill switch."""
    from herwa.commands.admin import render_lines
    from herwa.commands.admin import switch_feature as change_switch

    is_on = to is SwitchPosition.ON
    switches = asyncio.run(change_switch(read_settings(), feature=feature, on=is_on, reason=reason))
    print(json.dumps(switches) if as_json else render_lines(switches))


@admin_app.command("tier", help=texts.TIER_HELP, epilog=texts.TIER_EXAMPLE)
def change_tier(
    tier: Annotated[str, typer.Argument(help=help_texts.TIER_ARGUMENT)],
    reason: ReasonOption,
    add: Annotated[list[str] | None, typer.Option(help=texts.ADD_OPTION)] = None,
    remove: Annotated[list[str] | None, typer.Option(help=texts.REMOVE_OPTION)] = None,
    limit: Annotated[list[str] | None, typer.Option(help=texts.TIER_LIMIT_OPTION)] = None,
    inherits: Annotated[str | None, typer.Option(help=texts.INHERITS_OPTION)] = None,
    *,
    sku: Annotated[str | None, typer.Option(help=texts.SKU_OPTION)] = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Change a tier."""
    from herwa.commands.admin import TierEdit, parse_limits
    from herwa.commands.admin import change_tier as save_tier

    edit = TierEdit(tier, frozenset(add or ()), frozenset(remove or ()), parse_limits(limit or ()), inherits, sku)
    _print_effects(asyncio.run(save_tier(read_settings(), edit, reason=reason, is_dry_run=dry_run)), as_json=as_json)


@admin_app.command("create-tier", help=texts.CREATE_TIER_HELP, epilog=texts.CREATE_TIER_EXAMPLE)
def create_tier(
    key: Annotated[str, typer.Argument(help=texts.TIER_KEY_ARGUMENT)],
    title: Annotated[str, typer.Argument(help=texts.TIER_TITLE_ARGUMENT)],
    above: Annotated[str, typer.Option(help=texts.ABOVE_OPTION)],
    reason: ReasonOption,
    as_json: JsonOption = False,
) -> None:
    """Create a tier."""
    from herwa.commands.admin import add_tier, render_tiers

    tiers = asyncio.run(add_tier(read_settings(), key=key, title=title, above=above, reason=reason))
    print(json.dumps([tier.to_json() for tier in tiers]) if as_json else render_tiers(tiers))


@admin_app.command("delete-tier", help=texts.DELETE_TIER_HELP, epilog=texts.DELETE_TIER_EXAMPLE)
def delete_tier(
    tier: Annotated[str, typer.Argument(help=help_texts.TIER_ARGUMENT)],
    reason: ReasonOption,
    as_json: JsonOption = False,
) -> None:
    """Delete a tier."""
    from herwa.commands.admin import remove_tier, render_tiers

    tiers = asyncio.run(remove_tier(read_settings(), tier=tier, reason=reason))
    print(json.dumps([status.to_json() for status in tiers]) if as_json else render_tiers(tiers))


@admin_app.command("lowest-tier", help=texts.LOWEST_TIER_HELP, epilog=texts.LOWEST_TIER_EXAMPLE)
def change_lowest_tier(
    feature: Annotated[str, typer.Argument(help=help_texts.FEATURE_ARGUMENT)],
    tier: Annotated[str, typer.Argument(help=help_texts.TIER_ARGUMENT)],
    reason: ReasonOption,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Change the lowest tier of a feature."""
    from herwa.commands.admin import change_lowest_tier as save_lowest_tier

    change = save_lowest_tier(read_settings(), feature=feature, tier=tier, reason=reason, is_dry_run=dry_run)
    _print_effects(asyncio.run(change), as_json=as_json)


@admin_app.command("announce", help=texts.ANNOUNCE_HELP, epilog=texts.ANNOUNCE_EXAMPLE)
def publish_announcement(
    text: Annotated[str, typer.Argument(help=texts.ANNOUNCEMENT_ARGUMENT)] = "",
    tier: Annotated[str | None, typer.Option(help=texts.SEGMENT_OPTION)] = None,
    hours: Annotated[int, typer.Option(help=texts.HOURS_OPTION, min=1, max=2160)] = 24,
    as_json: JsonOption = False,
) -> None:
    """Publish an announcement, or list them."""
    from herwa.commands.admin import announce, render_lines

    listed = asyncio.run(announce(read_settings(), text=text, tier=tier, hours=hours))
    print(json.dumps(listed) if as_json else render_lines(listed))


@admin_app.command("end-announcement", help=texts.END_ANNOUNCEMENT_HELP, epilog=texts.END_ANNOUNCEMENT_EXAMPLE)
def end_announcement(
    announcement: Annotated[int, typer.Argument(help=texts.ANNOUNCEMENT_ID_ARGUMENT, min=1)],
    as_json: JsonOption = False,
) -> None:
    """End an announcement."""
    from herwa.commands.admin import finish_announcement, render_lines

    listed = asyncio.run(finish_announcement(read_settings(), announcement_id=announcement))
    print(json.dumps(listed) if as_json else render_lines(listed))


@admin_app.command("audit", help=texts.AUDIT_HELP, epilog=texts.AUDIT_EXAMPLE)
def list_audit(
    before: Annotated[int | None, typer.Option(help=texts.BEFORE_OPTION, min=1)] = None, as_json: JsonOption = False
) -> None:
    """Print the operators' audit log."""
    from herwa.commands.admin import list_acts, render_lines

    entries = asyncio.run(list_acts(read_settings(), before=before))
    print(json.dumps(entries) if as_json else render_lines(entries))


def _print_effects(effects: Any, *, as_json: bool) -> None:
    from herwa.commands.admin import render_effects

    print(json.dumps([effect.to_json() for effect in effects]) if as_json else render_effects(effects))


def _change(guild: str, act: str, *, as_json: bool, **values: Any) -> None:
    from herwa.commands.admin import change_server, describe_change

    details = asyncio.run(change_server(read_settings(), guild=guild, act=act, values=values))
    print(json.dumps(details.to_json()) if as_json else describe_change(details))
