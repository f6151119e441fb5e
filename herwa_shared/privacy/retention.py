"""What is stored about members and how long: one table, which the page shows and docs/privacy.md repeats."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """A kind of data about people, and how long it is kept, in words."""

    data: str
    period: str


RETENTION_RULES = (
    RetentionRule(
        "single events: kind, time, channel, member, one number (length of a message, seconds of voice)", "3 months"
    ),
    RetentionRule("commands of Herwa: name, outcome, duration", "3 months; per hour without limit"),
    RetentionRule(
        "numbers per hour, channel and member",
        "without limit; under the member's ID for 13 months, or until 90 days after the member left,"
        " then under a pseudonym",
    ),
    RetentionRule("display name, whether a bot, last join", "until 90 days after the member left"),
    RetentionRule("joins and leaves", "the newest until 90 days after the member left, others a day"),
    RetentionRule(
        "tickets: who opened one, who answered first",
        "until 90 days after the member left; the ticket itself without limit",
    ),
    RetentionRule(
        "how many members of a server joined on each day, as numbers without members", "until the server is deleted"
    ),
    RetentionRule("current voice session", "one hour after its end"),
    RetentionRule("requests for access to a command", "until the server is deleted"),
    RetentionRule("who changed which setting", "until the server is deleted"),
    RetentionRule("who opened data about single members, by hour", "90 days"),
    RetentionRule("managers who want messages about requests or their exports", "until they switch them off"),
    RetentionRule(
        "a log-in: name, avatar, list of servers, tokens (encrypted), browser and system",
        "until 30 days after the last use",
    ),
    RetentionRule(
        "exports that managers made with names and ids of members",
        "a week, or until a member opts out or is deleted: then the file is written again without them",
    ),
    RetentionRule(
        "responses to changes through the API, encrypted, which can name the member of an access rule", "one day"
    ),
    RetentionRule("hashes of events without an ID", "one day"),
    RetentionRule(
        "results of questions, with names and IDs in rankings",
        "rankings one minute, other results an hour, or until the data of the server changes if that is earlier",
    ),
    RetentionRule(
        "use of API keys: endpoint, time, status; nothing about the client or its address, and no ID of a member",
        "90 days; the last 100 requests of a key 31 days",
    ),
    RetentionRule(
        "choices (opt-out, deletion) under a keyed hash", "until the server is deleted; for all servers without limit"
    ),
)
