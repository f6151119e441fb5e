"""Exceptions with texts for people.

Expected refusals are values (`guardrail.verdict.Verdict`); these exceptions are for errors. Each text says what to do.
"""

MAX_LOGGED_ERROR_LENGTH = 500


def format_reason(error: BaseException | None) -> str:
    """Format an error for a log field, in one bounded text that is never empty.

    The message of some exceptions is empty, for example that of TimeoutError; their class name is used instead.
    """
    return (str(error) or type(error).__name__)[:MAX_LOGGED_ERROR_LENGTH]


class HerwaError(Exception):
    """Base class. `code` is for programs, `status` is the HTTP status, `message` is for people."""

    code = "error"
    status = 500
    message = "Something went wrong."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)


class NotFound(HerwaError):
    """The resource does not exist, or the caller must not learn that it exists."""

    code = "not_found"
    status = 404
    message = "There is nothing here."


class Unauthenticated(HerwaError):
    """The request has no valid credentials."""

    code = "unauthenticated"
    status = 401
    message = "Send a valid API key as 'Authorization: Bearer sk_live_…', or log in at /auth/login."


class ReauthRequired(Unauthenticated):
    """Discord no longer accepts this user's OAuth tokens. Their sessions have ended."""

    code = "log_in_again"
    message = "Discord has ended this log-in. Log in again."


class Forbidden(HerwaError):
    """The caller is authenticated but not allowed to do this."""

    code = "forbidden"
    status = 403
    message = "This key may not do that."


class BadRequest(HerwaError):
    """The request is invalid. The message names the invalid part and what is expected."""

    code = "bad_request"
    status = 400
    message = "The request cannot be understood."


class EngineFailure(HerwaError):
    """An embedded database did not start, or it stopped responding."""

    code = "engine_failed"
    status = 503
    message = "A database of this copy would not start."


class ServiceUnavailable(HerwaError):
    """Another process of Herwa, or a database, does not respond."""

    code = "unreachable"
    status = 503
    message = "A part of Herwa does not answer at the moment."


class DiscordUnavailable(HerwaError):
    """Discord does not respond or limits our rate. Retry after `retry_after_seconds`."""

    code = "discord_away"
    status = 503
    message = "Discord does not answer at the moment. Try again in a moment."

    def __init__(self, *, retry_after_seconds: float = 5.0) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class OAuthNotConfigured(HerwaError):
    """The settings contain no Discord application, so login is impossible."""

    code = "log_in_not_set_up"
    status = 503
    message = (
        "Logging in is not set up here: DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET are not both set. Whoever runs this"
        " finds them under OAuth2 at https://discord.com/developers/applications."
    )
