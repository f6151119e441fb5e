"""Where the client's server comes for tokens: exchange, refresh, revoke; errors in OAuth2's own form."""

import binascii
from base64 import b64decode
from hmac import compare_digest

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_sim.context import Parts, parts_of
from herwa_sim.oauth.grants import TOKEN_LIVES, Tokens
from herwa_sim.oauth.registration import Registration
from herwa_sim.rest.middleware import answer

_SECRET_ANSWER = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def token(request: web.Request) -> web.Response:
    """`grant_type` authorization_code (`code`, `redirect_uri`, `code_verifier`) or refresh_token (`refresh_token`)."""
    parts = parts_of(request)
    form = await _form(request)
    if not _is_client(request, form, parts.registration):
        return _error("invalid_client", 401)
    kind = form.get("grant_type")
    if kind not in ("authorization_code", "refresh_token"):
        return _error("unsupported_grant_type")
    wanted = "code" if kind == "authorization_code" else "refresh_token"
    if not form.get(wanted):
        return _error("invalid_request", description=f"{wanted} is missing")
    tokens = _exchange(parts, form) if wanted == "code" else parts.grants.refresh(form[wanted], now=utc_now())
    if tokens is None:
        return _error("invalid_grant", description=f"Invalid {wanted.replace('_', ' ')}")
    return _handed(tokens)


async def revoke(request: web.Request) -> web.Response:
    """End what the `token` stands for. Whether there was anything to end is not said."""
    parts = parts_of(request)
    form = await _form(request)
    if not _is_client(request, form, parts.registration):
        return _error("invalid_client", 401)
    if not form.get("token"):
        return _error("invalid_request", description="token is missing")
    parts.grants.revoke(form["token"])
    return answer({})


def _exchange(parts: Parts, form: dict[str, str]) -> Tokens | None:
    return parts.grants.redeem(
        form["code"], redirect_uri=form.get("redirect_uri", ""), verifier=form.get("code_verifier"), now=utc_now()
    )


def _handed(tokens: Tokens) -> web.Response:
    response = answer(
        {
            "token_type": "Bearer",
            "access_token": tokens.access,
            "expires_in": int(TOKEN_LIVES.total_seconds()),
            "refresh_token": tokens.refresh,
            "scope": " ".join(tokens.scopes),
        }
    )
    response.headers.update(_SECRET_ANSWER)
    return response


async def _form(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _is_client(request: web.Request, form: dict[str, str], registered: Registration) -> bool:
    """The client proves itself by HTTP Basic or in the body."""
    given = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        given = name, secret
    expected = f"{registered.client_id}:{registered.client_secret}"
    return compare_digest(f"{given[0]}:{given[1]}".encode(), expected.encode())


def _error(error: str, status: int = 400, *, description: str | None = None) -> web.Response:
    told = {"error": error} | ({"error_description": description} if description else {})
    response = answer(told, status)
    response.headers.update(_SECRET_ANSWER)
    return response
