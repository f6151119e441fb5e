"""Log in with Discord, come back, log out: addresses that people visit, not part of the API's document."""

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_api import cookies, oauth_state
from herwa_api.app_state import Access, Given, LogIns
from herwa_api.auth import viewer_in
from herwa_api.csrf import require_same_origin
from herwa_api.oauth_state import LoginAttempt
from herwa_api.redirect_target import next_path
from herwa_shared.auth.discord_oauth import Account, TokenRefused, Tokens
from herwa_shared.auth.sessions import close_session, open_session
from herwa_shared.auth.users import release_tokens, save_login, spend_login
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, DiscordAway
from herwa_shared.log import get_logger

log = get_logger(__name__)
router = APIRouter(prefix="/auth", include_in_schema=False)

NOT_FINISHED = (
    "It was begun in another browser or another tab, took longer than ten minutes, or has been finished already."
)
NOT_ACCEPTED = (
    "Discord did not confirm it, or a permission was left out: Herwa needs to know who you are and your servers."
)


@router.get("/login")
async def login(
    request: Request,
    access: Given,
    next: Annotated[str | None, Query()] = None,  # noqa: A002 - the name that addresses use
    moved: Annotated[str | None, Query()] = None,
) -> Response:
    """Send the visitor to Discord, from the one origin that Discord sends people back to. Writes nothing."""
    discord = access.logging_in().discord
    destination = next_path(next)
    if not moved and request.url.netloc != urlsplit(access.settings.origin).netloc:
        return _go(f"{access.settings.origin}/auth/login?{urlencode({'next': destination, 'moved': '1'})}")
    attempt = oauth_state.begin(next=destination, now=utc_now())
    response = _go(await discord.address(state=attempt.state, challenge=attempt.challenge))
    cookies.set_login(response, attempt.sealed(access.logging_in().attempts), access.settings)
    return response


@router.get("/callback")
async def callback(
    request: Request,
    access: Given,
    code: Annotated[str | None, Query()] = None,
    state: Annotated[str, Query()] = "",
    error: Annotated[str | None, Query()] = None,
) -> Response:
    """Discord sends the visitor back: a session begins, under a new id, and a former one of this browser ends."""
    log_ins = access.logging_in()
    attempt = oauth_state.opened(cookies.login_in(request, access.settings), log_ins.attempts)
    if attempt is None or not attempt.is_answered_by(state, now=utc_now()):
        raise BadRequest(NOT_FINISHED)
    await _spend(access, attempt)
    if error == "access_denied":
        response = _go(f"/login?{urlencode({'reason': 'denied', 'next': attempt.next})}")
    elif code is None:
        raise BadRequest(NOT_ACCEPTED)
    else:
        tokens, account = await _confirmed(log_ins, attempt, code)
        secret = await _begin_session(request, access, tokens, account)
        response = _go(attempt.next)
        cookies.set_session(response, secret, access.settings)
    cookies.clear_login(response, access.settings)
    return response


@router.post("/logout")
async def logout(request: Request, access: Given, afterwards: BackgroundTasks) -> Response:
    """End the session of this browser; with the last one of a user their tokens are revoked at Discord."""
    require_same_origin(request, access.settings)
    secret = cookies.session_secret(request, access.settings)
    if secret is not None:
        viewer = await viewer_in(request, access)
        async with access.stores.database.transaction() as session:
            await close_session(session, secret=secret)
            tokens = await _released(session, access, viewer.user_id) if viewer else None
        if tokens is not None:
            afterwards.add_task(_revoke, access.logging_in(), tokens)
    response = Response(status_code=204)
    cookies.clear_session(response, access.settings)
    return response


def _go(address: str) -> Response:
    return RedirectResponse(address, 303)


async def _spend(access: Access, attempt: LoginAttempt) -> None:
    async with access.stores.database.transaction() as session:
        if not await spend_login(session, digest=attempt.digest, now=utc_now()):
            raise BadRequest(NOT_FINISHED)


async def _confirmed(log_ins: LogIns, attempt: LoginAttempt, code: str) -> tuple[Tokens, Account]:
    """Who it is, by Discord's word."""
    try:
        tokens = await log_ins.discord.tokens(code=code, verifier=attempt.verifier)
        return tokens, await log_ins.discord.account(tokens)
    except TokenRefused:
        raise BadRequest(NOT_ACCEPTED) from None


async def _begin_session(request: Request, access: Access, tokens: Tokens, account: Account) -> str:
    former, now = cookies.session_secret(request, access.settings), utc_now()
    async with access.stores.database.transaction() as session:
        await save_login(session, account=account, tokens=tokens, seal=access.logging_in().tokens, now=now)
        if former is not None:
            await close_session(session, secret=former)
        return await open_session(session, user_id=account.id, now=now)


async def _released(session: AsyncSession, access: Access, user_id: int) -> Tokens | None:
    return await release_tokens(session, user_id=user_id, seal=access.log_ins.tokens) if access.log_ins else None


async def _revoke(log_ins: LogIns, tokens: Tokens) -> None:
    """The person is logged out either way."""
    try:
        await log_ins.discord.revoke(tokens)
    except (DiscordAway, TokenRefused) as error:
        log.warning("tokens could not be revoked at Discord", error=type(error).__name__)
