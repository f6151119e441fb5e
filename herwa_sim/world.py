"""The world: in-memory store of all entities, with lookups and event listeners.

It is the only source of truth of the local Discord.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import TypeVar

from herwa_shared.discord.endpoints import LOCAL_CLIENT_ID, LOCAL_OPERATOR_ID
from herwa_sim.avatars import compute_image_hash
from herwa_sim.entities import (
    Json,
    SimApplication,
    SimChannel,
    SimEntitlement,
    SimGuild,
    SimMember,
    SimMessage,
    SimSku,
    SimUser,
    SimWebhook,
)
from herwa_sim.events import GatewayEvent
from herwa_sim.snowflakes import SnowflakeGenerator, create_stable_snowflake

MAX_RECENT_MESSAGES = 1_000  # per channel: as far back as the history of a channel can be fetched
MAX_SHOWN_MESSAGES = 50  # per channel, on its page and after a restart

Entity = TypeVar("Entity")

APPLICATION_ID = LOCAL_CLIENT_ID
_PERSONA_NAMES = {"owner": "Ottilie", "manager": "Manolo", "member": "Mei", "stranger": "Sasha", "operator": "Opal"}
PERSONAS = {name: create_stable_snowflake("persona", name) for name in _PERSONA_NAMES} | {"operator": LOCAL_OPERATOR_ID}
PREMIUM_SKU = SimSku(create_stable_snowflake("sku", "Herwa Premium"), "Herwa Premium")


class EntityNotFound(Exception):
    """Raised when no entity has the id. `kind` is Discord's name for the entity type."""

    def __init__(self, kind: str, id_: int) -> None:
        super().__init__(f"Unknown {kind}: {id_}")
        self.kind = kind


class World:
    """All guilds, users and recent messages. Only functions in `actions/` may change it."""

    def __init__(self) -> None:
        self.application = SimApplication(APPLICATION_ID)
        self.users: dict[int, SimUser] = {APPLICATION_ID: SimUser(APPLICATION_ID, "Herwa", bot=True)}
        self.users |= {id_: _create_persona(name) for name, id_ in PERSONAS.items()}
        self.guilds: dict[int, SimGuild] = {}
        self.webhooks: dict[int, SimWebhook] = {}
        self.skus: dict[int, SimSku] = {PREMIUM_SKU.id: PREMIUM_SKU}
        self.entitlements: dict[int, SimEntitlement] = {}
        self.commands: dict[int | None, dict[int, Json]] = defaultdict(dict)
        self.messages: dict[int, deque[SimMessage]] = defaultdict(lambda: deque(maxlen=MAX_RECENT_MESSAGES))
        self.channels: dict[int, SimChannel] = {}
        self.direct_channels: dict[int, SimChannel] = {}
        self.statuses: dict[int, str] = {}
        self.snowflakes = SnowflakeGenerator()
        self.base_url = ""
        self.listeners: list[Callable[[GatewayEvent], None]] = []
        self.version = 0

    def publish(self, *events: GatewayEvent) -> None:
        """Increase the version and pass the events to every listener, in order."""
        self.version += 1
        for event in events:
            for listener in self.listeners:
                listener(event)

    @property
    def bot(self) -> SimUser:
        """The bot's user."""
        return self.users[self.application.id]

    def has_bot(self, guild: SimGuild) -> bool:
        """True if the bot is a member; it receives no data of other guilds."""
        return self.application.id in guild.members

    def get_status(self, user_id: int) -> str:
        """Return `online`, `idle`, `dnd` or `offline`."""
        return self.statuses.get(user_id, "offline")

    def get_guild(self, guild_id: int) -> SimGuild:
        """Return the guild. Raises EntityNotFound."""
        return _require(self.guilds.get(guild_id), "Guild", guild_id)

    def get_channel(self, channel_id: int) -> SimChannel:
        """Return the channel, thread or direct message channel. Raises EntityNotFound."""
        return _require(self.channels.get(channel_id), "Channel", channel_id)

    def get_user(self, user_id: int) -> SimUser:
        """Return the user. Raises EntityNotFound."""
        return _require(self.users.get(user_id), "User", user_id)

    def get_member(self, guild_id: int, user_id: int) -> SimMember:
        """Return the membership. Raises EntityNotFound."""
        return _require(self.get_guild(guild_id).members.get(user_id), "Member", user_id)

    def get_webhook(self, webhook_id: int) -> SimWebhook:
        """Return the webhook. Raises EntityNotFound."""
        return _require(self.webhooks.get(webhook_id), "Webhook", webhook_id)

    def get_sku(self, sku_id: int) -> SimSku:
        """Return the SKU. Raises EntityNotFound."""
        return _require(self.skus.get(sku_id), "SKU", sku_id)

    def get_entitlement(self, entitlement_id: int) -> SimEntitlement:
        """Return the entitlement, also a deleted one. Raises EntityNotFound."""
        return _require(self.entitlements.get(entitlement_id), "Entitlement", entitlement_id)

    def get_message(self, channel_id: int, message_id: int) -> SimMessage:
        """Return a recent message of the channel. Raises EntityNotFound."""
        return _require(self.find_message(channel_id, message_id), "Message", message_id)

    def find_message(self, channel_id: int, message_id: int) -> SimMessage | None:
        """Return a recent message of the channel, or None."""
        return next((message for message in reversed(self.messages[channel_id]) if message.id == message_id), None)

    def add_users(self, users: Iterable[SimUser]) -> None:
        """Add or replace users."""
        self.users.update((user.id, user) for user in users)
        self.version += 1


def _create_persona(name: str) -> SimUser:
    id_ = PERSONAS[name]
    return SimUser(id_, name, _PERSONA_NAMES[name], avatar=compute_image_hash("user", id_))


def _require(entity: Entity | None, kind: str, id_: int) -> Entity:
    """Return the entity. Raises EntityNotFound if it is None."""
    if entity is None:
        raise EntityNotFound(kind, id_)
    return entity
