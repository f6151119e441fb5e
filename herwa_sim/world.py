"""The single source of truth: every entity, how to find it, and whom to tell when it changes."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import TypeVar

from herwa_shared.discord.endpoints import LOCAL_CLIENT_ID
from herwa_sim.avatars import picture_hash
from herwa_sim.entities import Application, Channel, Guild, Json, Member, Message, User, Webhook
from herwa_sim.events import Event
from herwa_sim.snowflakes import Mint, stable_snowflake

RECENT_MESSAGES = 50

Thing = TypeVar("Thing")

APPLICATION_ID = LOCAL_CLIENT_ID
_PERSONA_NAMES = {"owner": "Ottilie", "manager": "Manolo", "member": "Mei", "stranger": "Sasha", "operator": "Opal"}
PERSONAS = {name: stable_snowflake("persona", name) for name in _PERSONA_NAMES}


class Missing(Exception):
    """There is no such thing in the world; `kind` is Discord's word for it."""

    def __init__(self, kind: str, id_: int) -> None:
        super().__init__(f"Unknown {kind}: {id_}")
        self.kind = kind


class World:
    """All guilds, users and what they said lately. Actions change it; nothing else does."""

    def __init__(self) -> None:
        self.application = Application(APPLICATION_ID)
        self.users: dict[int, User] = {APPLICATION_ID: User(APPLICATION_ID, "Herwa", bot=True)}
        self.users |= {id_: _persona(name) for name, id_ in PERSONAS.items()}
        self.guilds: dict[int, Guild] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.commands: dict[int | None, dict[int, Json]] = defaultdict(dict)
        self.messages: dict[int, deque[Message]] = defaultdict(lambda: deque(maxlen=RECENT_MESSAGES))
        self.channels: dict[int, Channel] = {}
        self.directs: dict[int, Channel] = {}
        self.statuses: dict[int, str] = {}
        self.mint = Mint()
        self.base_url = ""
        self.listeners: list[Callable[[Event], None]] = []
        self.version = 0

    def changed(self, *events: Event) -> None:
        """Note that something is new, and tell every listener about it, in order."""
        self.version += 1
        for event in events:
            for listener in self.listeners:
                listener(event)

    @property
    def bot(self) -> User:
        return self.users[self.application.id]

    def has_bot(self, guild: Guild) -> bool:
        """True when the bot is a member there: of other guilds it neither hears nor sees anything."""
        return self.application.id in guild.members

    def status(self, user_id: int) -> str:
        """`online`, `idle`, `dnd`, or `offline`."""
        return self.statuses.get(user_id, "offline")

    def guild(self, guild_id: int) -> Guild:
        return _found(self.guilds.get(guild_id), "Guild", guild_id)

    def channel(self, channel_id: int) -> Channel:
        return _found(self.channels.get(channel_id), "Channel", channel_id)

    def user(self, user_id: int) -> User:
        return _found(self.users.get(user_id), "User", user_id)

    def member(self, guild_id: int, user_id: int) -> Member:
        return _found(self.guild(guild_id).members.get(user_id), "Member", user_id)

    def webhook(self, webhook_id: int) -> Webhook:
        return _found(self.webhooks.get(webhook_id), "Webhook", webhook_id)

    def message(self, channel_id: int, message_id: int) -> Message:
        return _found(self.find_message(channel_id, message_id), "Message", message_id)

    def find_message(self, channel_id: int, message_id: int) -> Message | None:
        """A message among the recent ones of its channel, else None."""
        return next((one for one in reversed(self.messages[channel_id]) if one.id == message_id), None)

    def add_users(self, users: Iterable[User]) -> None:
        self.users.update((user.id, user) for user in users)
        self.version += 1


def _persona(name: str) -> User:
    id_ = PERSONAS[name]
    return User(id_, name, _PERSONA_NAMES[name], avatar=picture_hash("user", id_))


def _found(thing: Thing | None, kind: str, id_: int) -> Thing:
    if thing is None:
        raise Missing(kind, id_)
    return thing
