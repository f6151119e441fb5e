"""What is stored about members and how long: one table, which the pages show and docs/privacy.md repeats.

The periods are those with which the jobs run: each is declared where its job is.
"""

from dataclasses import dataclass
from datetime import timedelta

from herwa_shared.analytics.table_selection import RAW_EVENT_RETENTION_MONTHS
from herwa_shared.auth.sessions import IDLE_TIMEOUT
from herwa_shared.clickhouse.pseudonyms import DEPARTED_RETENTION
from herwa_shared.exports.jobs import FILE_LIFETIME
from herwa_shared.pipeline.key_dedup import KEY_RETENTION
from herwa_shared.pipeline.membership_dedup import PERIOD_RETENTION
from herwa_shared.pipeline.voice_sessions import CLOSED_SESSION_RETENTION_MS
from herwa_shared.privacy.guild_deletion import GUILD_RETENTION
from herwa_shared.privacy.pseudonyms import IDENTITY_MONTHS
from herwa_shared.services import idempotency, member_data_views
from herwa_shared.services.api_key_usage import REQUEST_RETENTION, USAGE_RETENTION


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """A kind of data about people, and how long it is kept, in words.

    `tables` are those of both databases that contain it.
    """

    data: str
    period: str
    tables: tuple[str, ...] = ()


def format_period(period: timedelta) -> str:
    """Format a period as `a day`, `90 days` or `an hour`."""
    if period == timedelta(days=7):
        return "a week"
    days, hours = period.days, period.seconds // 3600
    if days:
        return "a day" if days == 1 else f"{days} days"
    return "an hour" if hours == 1 else f"{hours} hours"


RAW_EVENT_PERIOD = f"{RAW_EVENT_RETENTION_MONTHS} months"
DEPARTED_PERIOD = format_period(DEPARTED_RETENTION)
GUILD_PERIOD = format_period(GUILD_RETENTION)
UNTIL_GUILD_DELETED = "until the server is deleted"
UNTIL_DEPARTED = f"until {DEPARTED_PERIOD} after the member left"

RETENTION_RULES = (
    RetentionRule(
        "single events: kind, time, channel, member, one number (length of a message, seconds of voice)",
        RAW_EVENT_PERIOD,
        ("activity_events", "event_buffer"),
    ),
    RetentionRule(
        "commands of Herwa: name, outcome, duration",
        f"{RAW_EVENT_PERIOD}; per hour and without the member until the server is deleted",
        ("activity_events", "command_hourly"),
    ),
    RetentionRule(
        "numbers per hour, channel and member",
        f"until the server is deleted; under the member's ID for {IDENTITY_MONTHS} months, or {UNTIL_DEPARTED},"
        " then under a pseudonym",
        ("activity_hourly",),
    ),
    RetentionRule("display name, whether a bot, last join", UNTIL_DEPARTED, ("member",)),
    RetentionRule(
        "joins and leaves",
        f"the newest {UNTIL_DEPARTED}, others {format_period(PERIOD_RETENTION)}",
        ("membership_period",),
    ),
    RetentionRule(
        "tickets: who opened one, who answered first",
        f"{UNTIL_DEPARTED}; the ticket itself {UNTIL_GUILD_DELETED}",
        ("ticket",),
    ),
    RetentionRule(
        "how many members of a server joined on each day, as numbers without members",
        UNTIL_GUILD_DELETED,
        ("growth_estimate",),
    ),
    RetentionRule(
        "current voice session",
        f"{format_period(timedelta(milliseconds=CLOSED_SESSION_RETENTION_MS))} after its end",
        ("voice_session",),
    ),
    RetentionRule("requests for access to a command", UNTIL_GUILD_DELETED, ("access_request",)),
    RetentionRule(
        "who changed which setting, and who owns the server",
        UNTIL_GUILD_DELETED,
        ("audit_entry", "access_rule", "guild"),
    ),
    RetentionRule(
        "who opened data about single members, by hour",
        format_period(member_data_views.RETENTION),
        ("member_data_view",),
    ),
    RetentionRule(
        "managers who want messages about requests or their exports",
        "until they switch them off",
        ("message_subscriber",),
    ),
    RetentionRule(
        "users who switched off direct messages",
        "until they switch them on",
        ("direct_message_mute",),
    ),
    RetentionRule(
        "a log-in: name, avatar, list of servers, tokens (encrypted), browser and system",
        f"until {format_period(IDLE_TIMEOUT)} after the last use",
        ("user_account", "user_guild", "user_token", "web_session"),
    ),
    RetentionRule(
        "exports that managers made with names and ids of members",
        f"{format_period(FILE_LIFETIME)}, or until a member opts out or is deleted: then the file is written again"
        " without them",
        ("export_job",),
    ),
    RetentionRule(
        "responses to changes through the API, encrypted, which can name the member of an access rule",
        format_period(idempotency.RETENTION),
        ("idempotent_response",),
    ),
    RetentionRule("hashes of events without an ID", format_period(KEY_RETENTION), ("event_key",)),
    RetentionRule(
        "results of questions, with names and IDs in rankings",
        "rankings one minute, other results an hour, or until the data of the server changes if that is earlier",
    ),
    RetentionRule(
        "use of API keys: endpoint, time, status; nothing about the client or its address, and no ID of a member",
        f"{format_period(USAGE_RETENTION)}; the last 100 requests of a key {format_period(REQUEST_RETENTION)}",
        ("api_key_usage", "api_key_request"),
    ),
    RetentionRule(
        "choices (opt-out, deletion) under a keyed hash",
        "until the server is deleted; for all servers without limit, so that they keep applying",
        ("privacy_choice", "erasure_request"),
    ),
)
