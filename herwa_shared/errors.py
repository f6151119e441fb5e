"""Broken promises. A refusal is a value; these are for what should not have happened, and they say the mend."""


class HerwaError(Exception):
    """Root of the tree. `code` names the kind for programs, `status` is its HTTP status, the message is for people."""

    code = "error"
    status = 500
    message = "Something went wrong."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)


class NotFound(HerwaError):
    """What was asked for does not exist, or the asker may not know that it does."""

    code = "not_found"
    status = 404
    message = "There is nothing here."


class Unauthenticated(HerwaError):
    """Nobody is known to be asking."""

    code = "unauthenticated"
    status = 401
    message = "Send a valid API key as 'Authorization: Bearer sk_live_…', or log in at /auth/login."


class ReauthRequired(Unauthenticated):
    """Discord no longer lets us ask on behalf of this user; their sessions have ended."""

    code = "log_in_again"
    message = "Discord has ended this log-in. Log in again."


class Forbidden(HerwaError):
    """The asker is known and may not."""

    code = "forbidden"
    status = 403
    message = "This key may not do that."


class BadRequest(HerwaError):
    """What was sent cannot be understood; the message names the part and what would be right."""

    code = "bad_request"
    status = 400
    message = "The request cannot be understood."


class EngineFailure(HerwaError):
    """An embedded database would not start or stopped answering."""

    code = "engine_failed"
    status = 503
    message = "A database of this copy would not start."


class ServiceUnavailable(HerwaError):
    """Another part of Herwa, or a store, does not answer."""

    code = "unreachable"
    status = 503
    message = "A part of Herwa does not answer at the moment."


class DiscordUnavailable(HerwaError):
    """Discord does not answer, or wants to be left alone for `seconds`."""

    code = "discord_away"
    status = 503
    message = "Discord does not answer at the moment. Try again in a moment."

    def __init__(self, *, retry_after_seconds: float = 5.0) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class OAuthNotConfigured(HerwaError):
    """The settings name no application of Discord's, so that nobody can log in."""

    code = "log_in_not_set_up"
    status = 503
    message = (
        "Logging in is not set up here: DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET are not both set. Whoever runs this"
        " finds them under OAuth2 at https://discord.com/developers/applications."
    )
