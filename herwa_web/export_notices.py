"""The notice about finished exports, on every page of a server, for the person who created them."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from herwa_shared.clock import utc_now
from herwa_shared.exports.events import ExportNotice, load_notices
from herwa_web import app_context

SHARED_TIME = timedelta(seconds=2)
"""How long all tabs of a server share the notices of its managers."""


async def load_export_notice(guild_id: int, user_id: int) -> str:
    """Load the notice for a person on the pages of a server; empty if none of their exports has finished."""
    cache = app_context.get_query_cache()
    notices = await cache.get_recent(guild_id, "export notices", partial(_load_notices, guild_id), SHARED_TIME)
    return format_notice(notices.get(user_id, ExportNotice()))


async def _load_notices(guild_id: int) -> Mapping[int, ExportNotice]:
    async with app_context.get_stores().database.transaction() as session:
        return await load_notices(session, guild_id=guild_id, now=utc_now())


def format_notice(notice: ExportNotice) -> str:
    """Format the notice; empty without finished exports."""
    if notice.ready + notice.failed == 1:
        return "Your export is ready to download." if notice.ready else "Your export failed."
    parts = []
    if notice.ready:
        parts.append(f"{notice.ready} of your exports {'is' if notice.ready == 1 else 'are'} ready to download")
    if notice.failed:
        parts.append(f"{notice.failed} failed" if notice.ready else f"{notice.failed} of your exports failed")
    return f"{', '.join(parts)}." if parts else ""
