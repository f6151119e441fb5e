"""Errors of a login that `/auth/callback` reports."""

from herwa_api import texts
from herwa_shared.errors import BadRequest


class LoginExpired(BadRequest):
    """The browser did not start this login, started it more than ten minutes ago, or has finished it."""

    code = "login_expired"
    message = texts.LOGIN_EXPIRED


class LoginRejected(BadRequest):
    """Discord sent an error, or does not accept the code."""

    code = "login_rejected"
    message = texts.LOGIN_REJECTED


class LoginScopeMissing(BadRequest):
    """The user did not grant every permission that Herwa needs."""

    code = "login_scope_missing"
    message = texts.LOGIN_SCOPE_MISSING
