"""Login with Discord (OAuth2 with PKCE) and logout.

Browsers visit these routes; the OpenAPI document does not list them.
"""

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_api import cookies
from herwa_api.app_state import AppDep, AppState, OAuthServices
from herwa_api.auth import find_request_user
from herwa_api.browser_names import describe_browser
from herwa_api.csrf import require_same_origin
from herwa_api.error_pages import remember_login_destination
from herwa_api.login_errors import LoginExpired, LoginRejected, LoginScopeMissing
from herwa_api.oauth_state import OAuthState, create_oauth_state, find_oauth_state, list_surplus_logins
from herwa_api.rate_limits.declared import SHARED_LOGIN_LIMIT, limit_logins
from herwa_api.redirect_target import sanitize_next_path
from herwa_shared.auth.discord_oauth import DiscordUser, OAuthTokens, ScopeMissing, TokenRejected
from herwa_shared.auth.sessions import create_session, delete_session
from herwa_shared.auth.users import consume_oauth_state, release_tokens, save_login
from herwa_shared.clock import utc_now
from herwa_shared.errors import DiscordUnavailable, HerwaError, format_reason
from herwa_shared.log import RateLimitedLogger, get_logger

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)
router = APIRouter(prefix="/auth", include_in_schema=False)


@router.get("/login", dependencies=[SHARED_LOGIN_LIMIT])
@limit_logins
async def start_login(
    request: Request,
    app_state: AppDep,
    next: Annotated[str | None, Query()] = None,  # noqa: A002 - the name of the query parameter
    moved: Annotated[str | None, Query()] = None,
) -> Response:
    """Redirect the browser to Discord's authorization page. Writes nothing to the database.

    Discord redirects back to one origin only, so the login must start there: the cookie is set for that host. A request
    at another host is redirected to that origin first; `moved` marks this, so that it happens at most once.
    """
    discord = app_state.require_oauth().discord
    destination = sanitize_next_path(next)
    if not moved and request.url.netloc != urlsplit(app_state.settings.origin).netloc:
        return _redirect(f"{app_state.settings.origin}/auth/login?{urlencode({'next': destination, 'moved': '1'})}")
    oauth_state = create_oauth_state(next=destination, now=utc_now())
    response = _redirect(
        await discord.build_authorization_url(state=oauth_state.state, challenge=oauth_state.challenge)
    )
    _add_login_cookie(request, response, app_state, oauth_state)
    return response


@router.get("/callback", dependencies=[SHARED_LOGIN_LIMIT])
@limit_logins
async def handle_callback(
    request: Request,
    app_state: AppDep,
    code: Annotated[str | None, Query()] = None,
    state: Annotated[str, Query()] = "",
    error: Annotated[str | None, Query()] = None,
) -> Response:
    """Handle Discord's redirect: start a new session and end this browser's previous one.

    The session always gets a new token (against session fixation). Raises LoginExpired if the state is missing,
    expired, used before or of another browser, LoginRejected and LoginScopeMissing if Discord does not accept it.
    """
    oauth = app_state.require_oauth()
    login_cookies = cookies.find_login_cookies(request, app_state.settings)
    oauth_state = find_oauth_state(login_cookies, state, oauth.state_encryptor, now=utc_now())
    if oauth_state is None:
        raise _refuse_login(LoginExpired())
    remember_login_destination(request, oauth_state.next)
    await _consume_state(app_state, oauth_state)
    if error == "access_denied":
        limited_log.info("log-in refused", kind="denied_by_user")
        response = _redirect(f"/login?{urlencode({'reason': 'denied', 'next': oauth_state.next})}")
    elif code is None:
        raise _refuse_login(LoginRejected())
    else:
        tokens, account = await _exchange_code(oauth, oauth_state, code)
        session_token = await _start_session(request, app_state, tokens, account)
        response = _redirect(oauth_state.next)
        cookies.set_session_cookie(response, session_token, app_state.settings)
    cookies.clear_login_cookie(response, oauth_state.login_id, app_state.settings)
    return response


@router.post("/logout")
async def log_out(request: Request, app_state: AppDep, background_tasks: BackgroundTasks) -> Response:
    """End the session of this browser.

    When it was the user's last session, their tokens are revoked at Discord in a background task, after the response.
    """
    require_same_origin(request, app_state.settings)
    session_token = cookies.find_session_token(request, app_state.settings)
    if session_token is not None:
        user = await find_request_user(request, app_state)
        async with app_state.stores.database.transaction() as session:
            ended_user_id = await delete_session(session, token=session_token)
            tokens = await _release_tokens(session, app_state, user.user_id) if user else None
        if ended_user_id is not None:
            app_state.sessions.forget_user(ended_user_id)
            log.info("session ended", user=ended_user_id, reason="logged_out")
        if tokens is not None:
            background_tasks.add_task(_revoke, app_state.require_oauth(), tokens)
    response = Response(status_code=204)
    cookies.clear_session_cookie(response, app_state.settings)
    return response


def _redirect(url: str) -> Response:
    return RedirectResponse(url, 303)


def _add_login_cookie(request: Request, response: Response, app_state: AppState, oauth_state: OAuthState) -> None:
    """Set the cookie of a new login, and delete those of the oldest logins if there are too many."""
    encryptor, settings = app_state.require_oauth().state_encryptor, app_state.settings
    encrypted = oauth_state.encrypt(encryptor)
    login_cookies = cookies.find_login_cookies(request, settings)
    for login_id in list_surplus_logins(login_cookies, encrypted, encryptor, now=utc_now()):
        cookies.clear_login_cookie(response, login_id, settings)
    cookies.set_login_cookie(response, oauth_state.login_id, encrypted, settings)


async def _consume_state(app_state: AppState, oauth_state: OAuthState) -> None:
    async with app_state.stores.database.transaction() as session:
        if not await consume_oauth_state(session, digest=oauth_state.digest, now=utc_now()):
            raise _refuse_login(LoginExpired())


async def _exchange_code(oauth: OAuthServices, oauth_state: OAuthState, code: str) -> tuple[OAuthTokens, DiscordUser]:
    """Exchange the code for tokens and fetch the user. Raises LoginScopeMissing, LoginRejected."""
    try:
        tokens = await oauth.discord.exchange_code(code=code, verifier=oauth_state.verifier)
        return tokens, await oauth.discord.fetch_current_user(tokens)
    except ScopeMissing:
        raise _refuse_login(LoginScopeMissing()) from None
    except TokenRejected:
        raise _refuse_login(LoginRejected()) from None


def _refuse_login(error: HerwaError) -> HerwaError:
    """Log why a log-in is refused, and return the error."""
    limited_log.warning("log-in refused", kind=error.code)
    return error


async def _start_session(request: Request, app_state: AppState, tokens: OAuthTokens, account: DiscordUser) -> str:
    previous_token, now = cookies.find_session_token(request, app_state.settings), utc_now()
    async with app_state.stores.database.transaction() as session:
        await save_login(
            session, account=account, tokens=tokens, encryptor=app_state.require_oauth().token_encryptor, now=now
        )
        replaced_user_id = await delete_session(session, token=previous_token) if previous_token else None
        browser = describe_browser(request.headers.get("User-Agent", ""))
        session_token = await create_session(session, user_id=account.id, now=now, browser=browser)
    if replaced_user_id is not None:
        app_state.sessions.forget_user(replaced_user_id)
        log.info("session ended", user=replaced_user_id, reason="replaced")
    log.info("logged in", user=account.id)
    return session_token


async def _release_tokens(session: AsyncSession, app_state: AppState, user_id: int) -> OAuthTokens | None:
    return (
        await release_tokens(session, user_id=user_id, encryptor=app_state.oauth.token_encryptor)
        if app_state.oauth
        else None
    )


async def _revoke(oauth: OAuthServices, tokens: OAuthTokens) -> None:
    """Revoke the tokens at Discord. A failure is only logged: the session has ended already."""
    try:
        await oauth.discord.revoke(tokens)
    except (DiscordUnavailable, TokenRejected) as error:
        limited_log.warning("Discord token revocation failed", kind=type(error).__name__, error=format_reason(error))
