"""The operators of this copy: who they are, and which acts need a recent log-in.

Pages, API and their routes decide by these functions, at every event and request.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from herwa_shared.auth.sessions import SessionUser
from herwa_shared.config import Settings
from herwa_shared.discord.endpoints import LOCAL_OPERATOR_ID
from herwa_shared.errors import Forbidden

RECENT_LOGIN = timedelta(minutes=15)
"""A log-in is recent for this long."""
LOG_IN_AGAIN = "Log in again to do this. Your log-in must not be older than 15 minutes."


class RecentLoginRequired(Forbidden):
    """The act needs a log-in of the last `RECENT_LOGIN`."""

    code = "recent_login_required"
    message = LOG_IN_AGAIN


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator with a session that began at `logged_in_at`."""

    user_id: int
    name: str
    avatar: str | None
    logged_in_at: datetime


def list_operator_ids(settings: Settings) -> frozenset[int]:
    """List the Discord ids of the operators: those of the settings; with the local Discord also its persona."""
    local_ids = (LOCAL_OPERATOR_ID,) if settings.discord.is_local else ()
    return frozenset((*settings.super_admins, *local_ids))


def find_operator(settings: Settings, user: SessionUser | None) -> Operator | None:
    """Return the user of a session as an operator; None if they are none, or without a session."""
    if user is None or user.user_id not in list_operator_ids(settings):
        return None
    return Operator(user.user_id, user.name, user.avatar, user.logged_in_at)


def require_recent_login(operator: Operator, now: datetime) -> None:
    """Raise RecentLoginRequired if the operator's session is older than `RECENT_LOGIN`."""
    if now - operator.logged_in_at > RECENT_LOGIN:
        raise RecentLoginRequired
