"""`herwa keys`: create, list, rotate and revoke the API keys of a server."""

from collections.abc import Sequence
from datetime import timedelta

from rich.table import Table

from herwa.commands.operator_session import get_shell_actor, open_operator_session, replace_unprintable
from herwa.texts import api_keys as texts
from herwa_shared.catalog import DEFAULT_SCOPES, Scope
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_key_format import load_peppers
from herwa_shared.services.api_keys import KeyStatus, create_key, list_keys, revoke_key, rotate_key
from herwa_shared.stores import open_stores


async def issue_api_key(
    settings: Settings,
    *,
    guild_id: int,
    name: str,
    scopes: Sequence[Scope] = (),
    days: int | None = None,
    networks: Sequence[str] = (),
) -> str:
    """Create an API key for a server, with `DEFAULT_SCOPES` by default. Raises what `create_key` raises."""
    async with open_stores(settings, report=lambda _: None) as stores, stores.database.transaction() as session:
        new_key = await create_key(
            session,
            guild_id=guild_id,
            name=name,
            scopes=scopes or DEFAULT_SCOPES,
            pepper=_load_pepper(settings),
            actor=get_shell_actor(),
            expires_at=None if days is None else utc_now() + timedelta(days=days),
            networks=networks,
        )
        return new_key.secret


async def load_api_keys(settings: Settings, *, guild_id: int) -> tuple[KeyStatus, ...]:
    """Load all keys of a server, newest first."""
    async with open_operator_session(settings) as session:
        return await list_keys(session, guild_id=guild_id)


async def replace_api_key(settings: Settings, *, guild_id: int, key_id: int, overlap_hours: float) -> str:
    """Replace a key and return the new one. Raises what `rotate_key` raises."""
    async with open_operator_session(settings) as session:
        new_key = await rotate_key(
            session,
            guild_id=guild_id,
            key_id=key_id,
            pepper=_load_pepper(settings),
            actor=get_shell_actor(),
            overlap=timedelta(hours=overlap_hours),
        )
        return new_key.secret


async def revoke_api_key(settings: Settings, *, guild_id: int, key_id: int) -> str:
    """Revoke a key at once. Returns a sentence about it. Raises NotFound if the server has no such key."""
    async with open_operator_session(settings) as session:
        key = await revoke_key(session, guild_id=guild_id, key_id=key_id, actor=get_shell_actor())
        return texts.format_revoked(key_id, replace_unprintable(key.name), key.hint)


def render_api_keys(keys: tuple[KeyStatus, ...]) -> Table:
    """Render a table with one row per key, without secrets."""
    table = Table(*texts.COLUMNS, box=None, pad_edge=False, header_style="bold")
    for key in keys:
        table.add_row(
            str(key.id),
            replace_unprintable(key.name),
            f"…{key.hint}",
            " ".join(scope for scope in Scope if scope in key.scopes),
            f"{key.created_at:%Y-%m-%d}",
            f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else texts.NEVER,
            _format_status(key),
        )
    return table


def _format_status(key: KeyStatus) -> str:
    if key.end_reason is not None:
        return texts.END_REASONS[key.end_reason]
    if not key.is_valid(utc_now()):
        return texts.EXPIRED if key.successor_id is None else texts.format_replaced(key.successor_id)
    return texts.VALID if key.expires_at is None else texts.format_valid_until(key.expires_at)


def _load_pepper(settings: Settings) -> bytes:
    return load_peppers(settings, DataFolder(settings.data_dir))[0]
