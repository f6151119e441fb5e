"""`herwa end-sessions`: log out one user or all users, for the operator."""

from collections.abc import Callable

from herwa.commands.operator_session import get_shell_actor, open_operator_session
from herwa.texts import sessions as texts
from herwa_shared.auth.sessions import end_all_sessions
from herwa_shared.config import Settings
from herwa_shared.services.audit import record


async def end_sessions(settings: Settings, *, user_id: int | None, confirm: Callable[[str], bool]) -> str:
    """End all log-ins of a user, or of all users if it is None. Returns a sentence about the result.

    The operator's audit entry does not name the user, who may be erased later.
    """
    if not confirm(texts.format_question(user_id)):
        return texts.CANCELLED
    async with open_operator_session(settings) as session:
        count = await end_all_sessions(session, user_id=user_id)
        await record(
            session, get_shell_actor(), "sessions.end", guild_id=None, target="all" if user_id is None else "user"
        )
    return texts.format_ended(user_id, count)
