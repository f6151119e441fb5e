"""The caller's sessions: `/api/sessions`. Only users have sessions; a key cannot read or end them."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from herwa_api import texts
from herwa_api.app_state import AppDep, DatabaseDep
from herwa_api.auth import Caller
from herwa_api.cookies import find_session_token
from herwa_api.schemas import sessions as schemas
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_shared.auth.sessions import SessionUser, end_other_sessions, end_session, get_session_id, list_sessions
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, Forbidden
from herwa_shared.log import get_logger

log = get_logger(__name__)
RESPONSES = {code: PROBLEM_RESPONSES[code] for code in (400, 401, 403, "4XX", "5XX")}
router = APIRouter(prefix="/api/sessions", tags=["identity"], responses=RESPONSES)


@dataclass(frozen=True, slots=True)
class SessionOwner:
    """The user of the request and the token of its session."""

    user: SessionUser
    token: str


async def _require_session(request: Request, caller: Caller, app_state: AppDep) -> SessionOwner:
    """Require a caller with a session (FastAPI dependency). Raises Forbidden for an API key."""
    session_token = find_session_token(request, app_state.settings)
    if not isinstance(caller, SessionUser) or session_token is None:
        raise Forbidden(texts.SESSIONS_NEED_SESSION)
    return SessionOwner(caller, session_token)


SessionOwnerDep = Annotated[SessionOwner, Depends(_require_session)]
SessionId = Annotated[
    str,
    Path(
        pattern="^[0-9a-f]{32}$",
        description=texts.PARAMETERS["session_id"],
        examples=["5f1d7a0c93b24e8f6a1b0c9d8e7f6a5b"],
    ),
]


@router.get(
    "",
    summary=texts.ROUTE_SUMMARIES["list_sessions"],
    description=texts.ROUTE_DESCRIPTIONS["list_sessions"],
    response_model=schemas.SessionListResponse,
)
async def list_own_sessions(owner: SessionOwnerDep, database: DatabaseDep) -> Response:
    """List the user's sessions, the current one first."""
    async with database.transaction() as session:
        sessions = await list_sessions(session, user_id=owner.user.user_id, current_token=owner.token, now=utc_now())
    return OrjsonResponse(schemas.serialize_sessions(sessions))


@router.delete(
    "",
    summary=texts.ROUTE_SUMMARIES["end_sessions"],
    description=texts.ROUTE_DESCRIPTIONS["end_sessions"],
    response_model=schemas.EndedSessionsResponse,
)
async def end_own_other_sessions(owner: SessionOwnerDep, app_state: AppDep) -> Response:
    """End all sessions of the user except the current one."""
    async with app_state.stores.database.transaction() as session:
        count = await end_other_sessions(session, user_id=owner.user.user_id, current_token=owner.token)
    app_state.sessions.forget_user(owner.user.user_id)
    if count:
        log.info("sessions ended", user=owner.user.user_id, reason="ended_by_user", count=count)
    return OrjsonResponse({"ended": count})


@router.delete(
    "/{session_id}",
    summary=texts.ROUTE_SUMMARIES["end_session"],
    description=texts.ROUTE_DESCRIPTIONS["end_session"],
    response_model=schemas.EndedSessionsResponse,
    responses={404: PROBLEM_RESPONSES[404]},
)
async def end_own_session(owner: SessionOwnerDep, session_id: SessionId, app_state: AppDep) -> Response:
    """End one session of the user. The current one is ended by logging out."""
    if session_id == get_session_id(owner.token):
        raise BadRequest(texts.CURRENT_SESSION, field="session_id")
    async with app_state.stores.database.transaction() as session:
        await end_session(session, user_id=owner.user.user_id, session_id=session_id)
    app_state.sessions.forget_user(owner.user.user_id)
    log.info("session ended", user=owner.user.user_id, reason="ended_by_user")
    return OrjsonResponse({"ended": 1})
