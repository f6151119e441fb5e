"""Result types of the control API's client."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BotSession:
    """A gateway session of the bot.

    `acknowledged` is the highest sequence number that a heartbeat of the bot has named.
    """

    shard: tuple[int, int]
    connected: bool
    sequence: int
    acknowledged: int
    intents: int
    resumes: int
    user_agent: str


@dataclass(frozen=True, slots=True)
class GuildSummary:
    """A guild of the local Discord."""

    id: int
    name: str
    owner_id: int
    lively: bool
    has_bot: bool
    member_count: int


@dataclass(frozen=True, slots=True)
class SimSnapshot:
    """A snapshot of the state. `personas` maps the names of the log-in identities to user ids.

    `population` is True while the simulation runs.
    """

    application_id: int
    personas: dict[str, int]
    population: bool
    guilds: tuple[GuildSummary, ...]
    sessions: tuple[BotSession, ...]


@dataclass(frozen=True, slots=True)
class JournalContents:
    """Recorded REST exchanges, and the latest gateway events of each name."""

    calls: tuple[dict[str, Any], ...]
    events: dict[str, tuple[dict[str, Any], ...]]


@dataclass(frozen=True, slots=True)
class DisplayedAttachment:
    """A file of a displayed message; `url` can be downloaded."""

    filename: str
    url: str
    content_type: str
    size: int
    description: str | None


@dataclass(frozen=True, slots=True)
class DisplayedMessage:
    """A message as a member sees it."""

    id: int
    channel_id: int
    content: str
    ephemeral: bool
    embeds: list[dict[str, Any]]
    components: list[dict[str, Any]]
    attachments: tuple[DisplayedAttachment, ...]


@dataclass(frozen=True, slots=True)
class InteractionResult:
    """The result of a command, click, modal or autocompletion.

    `responded` is False if the bot did not respond within the timeout.
    """

    id: int
    responded: bool
    messages: tuple[DisplayedMessage, ...]
    choices: tuple[dict[str, Any], ...]
    modal: dict[str, Any] | None


def parse_snapshot(payload: dict[str, Any]) -> SimSnapshot:
    """Parse the response of GET /_sim/state."""
    return SimSnapshot(
        application_id=int(payload["application_id"]),
        personas={name: int(user_id) for name, user_id in payload["personas"].items()},
        population=payload["population"]["on"],
        guilds=tuple(_parse_guild(guild) for guild in payload["guilds"]),
        sessions=tuple(_parse_session(session) for session in payload["sessions"]),
    )


def parse_interaction_result(payload: dict[str, Any]) -> InteractionResult:
    """Parse the response of an interaction action."""
    messages = tuple(parse_message(message) for message in payload["messages"])
    return InteractionResult(
        int(payload["id"]), payload["answered"], messages, tuple(payload["choices"] or ()), payload["modal"]
    )


def parse_message(payload: dict[str, Any]) -> DisplayedMessage:
    """Parse a message with its `ephemeral` flag."""
    attachments = tuple(
        DisplayedAttachment(
            attachment["filename"],
            attachment["url"],
            attachment["content_type"],
            attachment["size"],
            attachment.get("description"),
        )
        for attachment in payload["attachments"]
    )
    ids = int(payload["id"]), int(payload["channel_id"])
    return DisplayedMessage(
        *ids, payload["content"], payload["ephemeral"], payload["embeds"], payload["components"], attachments
    )


def _parse_guild(payload: dict[str, Any]) -> GuildSummary:
    return GuildSummary(
        int(payload["id"]),
        payload["name"],
        int(payload["owner_id"]),
        payload["lively"],
        payload["bot"],
        payload["members"],
    )


def _parse_session(payload: dict[str, Any]) -> BotSession:
    return BotSession(
        shard=(payload["shard"][0], payload["shard"][1]),
        connected=payload["connected"],
        sequence=payload["sequence"],
        acknowledged=payload["acknowledged"],
        intents=payload["intents"],
        resumes=payload["resumes"],
        user_agent=payload["user_agent"],
    )
