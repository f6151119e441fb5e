"""OAuth2 token endpoint: exchange, refresh, revoke; errors in the format of OAuth2."""

import binascii
from base64 import b64decode
from hmac import compare_digest

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_sim.context import SimContext, get_context
from herwa_sim.oauth.grants import TOKEN_LIFETIME, IssuedTokens
from herwa_sim.oauth.registration import ClientRegistration
from herwa_sim.rest.middleware import respond_json

_NO_STORE_HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def exchange_token(request: web.Request) -> web.Response:
    """Issue tokens.

    `grant_type` is authorization_code (with `code`, `redirect_uri`, `code_verifier`) or refresh_token (with
    `refresh_token`).
    """
    context = get_context(request)
    form = await _read_form(request)
    if not _is_client(request, form, context.registration):
        return _build_error_response("invalid_client", 401)
    grant_type = form.get("grant_type")
    if grant_type not in ("authorization_code", "refresh_token"):
        return _build_error_response("unsupported_grant_type")
    required_field = "code" if grant_type == "authorization_code" else "refresh_token"
    if not form.get(required_field):
        return _build_error_response("invalid_request", description=f"{required_field} is missing")
    tokens = (
        _redeem_code(context, form)
        if required_field == "code"
        else context.grants.refresh(form[required_field], now=utc_now())
    )
    if tokens is None:
        return _build_error_response("invalid_grant", description=f"Invalid {required_field.replace('_', ' ')}")
    return _build_token_response(tokens)


async def revoke(request: web.Request) -> web.Response:
    """Revoke the grant of `token`.

    The response does not reveal whether it existed (RFC 7009).
    """
    context = get_context(request)
    form = await _read_form(request)
    if not _is_client(request, form, context.registration):
        return _build_error_response("invalid_client", 401)
    if not form.get("token"):
        return _build_error_response("invalid_request", description="token is missing")
    context.grants.revoke(form["token"])
    return respond_json({})


def _redeem_code(context: SimContext, form: dict[str, str]) -> IssuedTokens | None:
    return context.grants.redeem(
        form["code"], redirect_uri=form.get("redirect_uri", ""), verifier=form.get("code_verifier"), now=utc_now()
    )


def _build_token_response(tokens: IssuedTokens) -> web.Response:
    response = respond_json(
        {
            "token_type": "Bearer",
            "access_token": tokens.access,
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "refresh_token": tokens.refresh,
            "scope": " ".join(tokens.scopes),
        }
    )
    response.headers.update(_NO_STORE_HEADERS)
    return response


async def _read_form(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _is_client(request: web.Request, form: dict[str, str], registration: ClientRegistration) -> bool:
    """True if the client authenticates by HTTP Basic or by credentials in the body."""
    credentials = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        credentials = name, secret
    expected = f"{registration.client_id}:{registration.client_secret}"
    return compare_digest(f"{credentials[0]}:{credentials[1]}".encode(), expected.encode())


def _build_error_response(error: str, status: int = 400, *, description: str | None = None) -> web.Response:
    body = {"error": error} | ({"error_description": description} if description else {})
    response = respond_json(body, status)
    response.headers.update(_NO_STORE_HEADERS)
    return response
