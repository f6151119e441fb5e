"""`herwa keys`: create, list, rotate and revoke the API keys of a server."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rich.table import Table

from herwa.commands.operator_session import get_shell_actor, open_operator_session, replace_unprintable
from herwa.texts import api_keys as texts
from herwa_shared.catalog import DEFAULT_SCOPES, Scope
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_key_format import load_peppers
from herwa_shared.services.api_keys import (
    KeyState,
    KeyStatus,
    NewKey,
    create_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from herwa_shared.stores import open_stores


async def issue_api_key(
    settings: Settings,
    *,
    guild_id: int,
    name: str,
    scopes: Sequence[Scope] = (),
    days: int | None = None,
    networks: Sequence[str] = (),
    is_test: bool = False,
) -> NewKey:
    """Create an API key for a server, with `DEFAULT_SCOPES` by default. Raises what `create_key` raises."""
    async with open_stores(settings, report=lambda _: None) as stores, stores.database.transaction() as session:
        return await create_key(
            session,
            guild_id=guild_id,
            name=name,
            scopes=scopes or DEFAULT_SCOPES,
            pepper=_load_pepper(settings),
            actor=get_shell_actor(),
            expires_at=None if days is None else utc_now() + timedelta(days=days),
            networks=networks,
            is_test=is_test,
        )


async def load_api_keys(settings: Settings, *, guild_id: int) -> tuple[KeyStatus, ...]:
    """Load all keys of a server, newest first."""
    async with open_operator_session(settings) as session:
        return await list_keys(session, guild_id=guild_id)


async def replace_api_key(settings: Settings, *, guild_id: int, key_id: int, overlap_hours: float) -> NewKey:
    """Replace a key by a new one. Raises what `rotate_key` raises."""
    async with open_operator_session(settings) as session:
        return await rotate_key(
            session,
            guild_id=guild_id,
            key_id=key_id,
            pepper=_load_pepper(settings),
            actor=get_shell_actor(),
            overlap=timedelta(hours=overlap_hours),
        )


async def revoke_api_key(settings: Settings, *, guild_id: int, key_id: int) -> KeyStatus:
    """Revoke a key at once. Raises NotFound if the server has no such key."""
    async with open_operator_session(settings) as session:
        return await revoke_key(session, guild_id=guild_id, key_id=key_id, actor=get_shell_actor())


def describe_revoked(key: KeyStatus) -> str:
    """Describe a key that was just revoked."""
    return texts.format_revoked(key.id, replace_unprintable(key.name), key.hint)


def build_key_json(key: KeyStatus) -> dict[str, Any]:
    """Build the JSON of a key, without its secret."""
    return {
        "id": str(key.id),
        "name": key.name,
        "hint": key.hint,
        "is_test": key.is_test,
        "scopes": [scope for scope in Scope if scope in key.scopes],
        "networks": list(key.networks),
        "status": key.get_state(utc_now()),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "successor_id": str(key.successor_id) if key.successor_id else None,
    }


def build_new_key_json(new_key: NewKey) -> dict[str, Any]:
    """Build the JSON of a key that was just created: the only one with its secret."""
    return {"key": new_key.secret, "details": build_key_json(new_key.status)}


def render_api_keys(keys: tuple[KeyStatus, ...]) -> Table:
    """Render a table with one row per key, without secrets."""
    table = Table(*texts.COLUMNS, box=None, pad_edge=False, header_style="bold")
    for key in keys:
        table.add_row(
            str(key.id),
            replace_unprintable(key.name),
            f"…{key.hint}",
            texts.TEST if key.is_test else texts.LIVE,
            " ".join(scope for scope in Scope if scope in key.scopes),
            f"{key.created_at:%Y-%m-%d}",
            f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else texts.NEVER,
            _format_status(key),
        )
    return table


def _format_status(key: KeyStatus) -> str:
    state = key.get_state(utc_now())
    if state is KeyState.REPLACED and key.successor_id is not None:
        return texts.format_replaced(key.successor_id)
    if state is KeyState.VALID and key.expires_at is not None:
        return texts.format_valid_until(key.expires_at)
    return texts.STATES[state]


def _load_pepper(settings: Settings) -> bytes:
    return load_peppers(settings, DataFolder(settings.data_dir))[0]
