"""`herwa keys`: make API keys from the command line."""

from herwa_shared.config import Settings
from herwa_shared.folder import DataFolder
from herwa_shared.services.api_keys import Scope, create_key, pepper_of
from herwa_shared.stores import open_stores


async def create(settings: Settings, *, guild_id: int, name: str) -> str:
    """A new key that may read the statistics and members of that server. Raises NotFound for a server nobody knows."""
    pepper = pepper_of(settings, DataFolder(settings.data_dir))
    async with open_stores(settings, say=lambda _: None) as stores, stores.database.transaction() as session:
        return await create_key(session, guild_id=guild_id, name=name, scopes=tuple(Scope), pepper=pepper)
