"""What the local Discord tells: its state, its servers, and what a member is shown as an answer."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BotSession:
    """One gateway session. `acknowledged` is the last sequence that a heartbeat of the bot's named."""

    shard: tuple[int, int]
    connected: bool
    sequence: int
    acknowledged: int
    intents: int
    resumes: int
    user_agent: str


@dataclass(frozen=True, slots=True)
class SimGuild:
    """One server of the local Discord; `bot` says whether Herwa is in it."""

    id: int
    name: str
    owner_id: int
    lively: bool
    bot: bool
    members: int


@dataclass(frozen=True, slots=True)
class SimState:
    """What is going on. `personas` are the people who may log in, by name."""

    application_id: int
    personas: dict[str, int]
    population: bool
    guilds: tuple[SimGuild, ...]
    sessions: tuple[BotSession, ...]


@dataclass(frozen=True, slots=True)
class Journal:
    """What went over the wire: exchanges at REST, and the latest gateway events of each name."""

    calls: tuple[dict[str, Any], ...]
    events: dict[str, tuple[dict[str, Any], ...]]


@dataclass(frozen=True, slots=True)
class Attached:
    """A file in an answer; `url` can be fetched."""

    filename: str
    url: str
    content_type: str
    size: int
    description: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a member sees it."""

    id: int
    channel_id: int
    content: str
    ephemeral: bool
    embeds: list[dict[str, Any]]
    components: list[dict[str, Any]]
    attachments: tuple[Attached, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a command, a click or typing. `answered` is False when the bot let the time run out."""

    id: int
    answered: bool
    messages: tuple[Shown, ...]
    choices: tuple[dict[str, Any], ...]
    modal: dict[str, Any] | None


def state_from(told: dict[str, Any]) -> SimState:
    return SimState(
        application_id=int(told["application_id"]),
        personas={name: int(id_) for name, id_ in told["personas"].items()},
        population=told["population"]["on"],
        guilds=tuple(_guild(one) for one in told["guilds"]),
        sessions=tuple(_session(one) for one in told["sessions"]),
    )


def answer_from(told: dict[str, Any]) -> Answer:
    messages = tuple(shown_from(one) for one in told["messages"])
    return Answer(int(told["id"]), told["answered"], messages, tuple(told["choices"] or ()), told["modal"])


def _guild(told: dict[str, Any]) -> SimGuild:
    return SimGuild(int(told["id"]), told["name"], int(told["owner_id"]), told["lively"], told["bot"], told["members"])


def _session(told: dict[str, Any]) -> BotSession:
    return BotSession(
        shard=(told["shard"][0], told["shard"][1]),
        connected=told["connected"],
        sequence=told["sequence"],
        acknowledged=told["acknowledged"],
        intents=told["intents"],
        resumes=told["resumes"],
        user_agent=told["user_agent"],
    )


def shown_from(told: dict[str, Any]) -> Shown:
    files = tuple(
        Attached(one["filename"], one["url"], one["content_type"], one["size"], one.get("description"))
        for one in told["attachments"]
    )
    ids = int(told["id"]), int(told["channel_id"])
    return Shown(*ids, told["content"], told["ephemeral"], told["embeds"], told["components"], files)
