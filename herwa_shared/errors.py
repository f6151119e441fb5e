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
    message = "Not found."


class Unauthenticated(HerwaError):
    """The request has no valid credentials."""

    code = "unauthenticated"
    status = 401
    message = "Send an API key as 'Authorization: Bearer sk_live_hw_…', or log in at /auth/login."


class ReauthRequired(Unauthenticated):
    """Discord no longer accepts this user's OAuth tokens. Their sessions have ended."""

    code = "log_in_again"
    message = "Your Discord log-in has expired. Log in again."


class Forbidden(HerwaError):
    """The caller is authenticated but not allowed to do this."""

    code = "forbidden"
    status = 403
    message = "This key doesn't have permission."


class BadRequest(HerwaError):
    """The request is invalid. The message names the invalid part and what is expected.

    `field` is the name of the invalid parameter, if there is one.
    """

    code = "bad_request"
    status = 400
    message = "Invalid request."

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class EngineFailure(HerwaError):
    """An embedded database did not start, or it stopped responding."""

    code = "engine_failed"
    status = 503
    message = "A database didn't start. See its log file in the data folder."


class ServiceUnavailable(HerwaError):
    """Another process of Herwa, or a database, does not respond."""

    code = "unreachable"
    status = 503
    message = "Statistics are temporarily unavailable. Try again in a minute."


class QuestionTooLarge(HerwaError):
    """A question exceeded its limits of time or memory in ClickHouse, which ended it."""

    code = "question_too_large"
    status = 422
    message = "This takes too much time or memory to compute."


class DiscordUnavailable(HerwaError):
    """Discord does not respond or limits our rate. Retry after `retry_after_seconds`."""

    code = "discord_away"
    status = 503
    message = "Discord isn't responding. Try again in a minute."

    def __init__(self, *, retry_after_seconds: float = 5.0) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class OAuthNotConfigured(HerwaError):
    """The settings contain no Discord application, so login is impossible."""

    code = "log_in_not_set_up"
    status = 503
    message = (
        "Log-in isn't configured. The operator needs to set DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET, found under"
        " OAuth2 at https://discord.com/developers/applications."
    )
