"""`herwa keys`: create, list and revoke the API keys of a server."""

from rich.table import Table

from herwa.commands.operator_session import open_operator_session, replace_unprintable
from herwa.texts import api_keys as texts
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_keys import KeyStatus, Scope, create_key, list_keys, load_pepper, revoke_key
from herwa_shared.stores import open_stores


async def issue_api_key(settings: Settings, *, guild_id: int, name: str) -> str:
    """Create an API key with all scopes for a server. Raises NotFound for an unknown server."""
    pepper = load_pepper(settings, DataFolder(settings.data_dir))
    async with open_stores(settings, report=lambda _: None) as stores, stores.database.transaction() as session:
        return await create_key(session, guild_id=guild_id, name=name, scopes=tuple(Scope), pepper=pepper)


async def load_api_keys(settings: Settings, *, guild_id: int) -> tuple[KeyStatus, ...]:
    """Load all keys of a server, newest first."""
    async with open_operator_session(settings) as session:
        return await list_keys(session, guild_id=guild_id)


async def revoke_api_key(settings: Settings, *, guild_id: int, key_id: int) -> str:
    """Revoke a key at once. Returns a sentence about it. Raises NotFound if the server has no such key."""
    async with open_operator_session(settings) as session:
        await revoke_key(session, guild_id=guild_id, key_id=key_id, now=utc_now())
        (key,) = (key for key in await list_keys(session, guild_id=guild_id) if key.id == key_id)
        return texts.format_revoked(key_id, replace_unprintable(key.name), key.hint)


def render_api_keys(keys: tuple[KeyStatus, ...]) -> Table:
    """Render a table with one row per key, without secrets."""
    table = Table(*texts.COLUMNS, box=None, pad_edge=False, header_style="bold")
    for key in keys:
        table.add_row(
            str(key.id),
            replace_unprintable(key.name),
            f"…{key.hint}",
            f"{key.created_at:%Y-%m-%d}",
            f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else texts.NEVER,
            _format_status(key),
        )
    return table


def _format_status(key: KeyStatus) -> str:
    if key.revoked_at is not None:
        return texts.REVOKED
    return texts.EXPIRED if key.expires_at is not None and key.expires_at <= utc_now() else texts.VALID
