"""Entities of the local Discord: plain values with integer ids, without JSON or network."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag
from typing import Any

from herwa_shared.discord.constants import THREAD_CHANNEL_TYPES, ChannelType, Intents, ScheduledEventStatus

Json = dict[str, Any]


class PrivilegedIntents(IntFlag):
    """Privileged gateway intents; the bits are those of IDENTIFY."""

    MEMBERS = Intents.GUILD_MEMBERS
    PRESENCES = Intents.GUILD_PRESENCES
    MESSAGE_CONTENT = Intents.MESSAGE_CONTENT


@dataclass(frozen=True, slots=True)
class SimUser:
    """A user account, independent of guilds.

    A user who is not `reachable` accepts no direct messages.
    """

    id: int
    name: str
    display_name: str | None = None
    bot: bool = False
    avatar: str | None = None
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class SimRole:
    """A role. The role whose id is the guild id is @everyone."""

    id: int
    name: str
    permissions: int
    position: int = 0
    color: int = 0
    managed: bool = False


@dataclass(frozen=True, slots=True)
class SimMember:
    """A user's membership in a guild."""

    user_id: int
    joined_at: datetime
    roles: tuple[int, ...] = ()
    nick: str | None = None


@dataclass(frozen=True, slots=True)
class SimOverwrite:
    """A permission overwrite of a channel for a role (type 0) or a member (type 1)."""

    id: int
    type: int
    allow: int = 0
    deny: int = 0


@dataclass(frozen=True, slots=True)
class SimVoiceState:
    """A member's voice state.

    `session_id` does not change while the member moves between channels. A `suppressed` member may not speak: on a
    stage they are in the audience.
    """

    user_id: int
    channel_id: int
    session_id: str
    muted: bool = False
    deafened: bool = False
    streaming: bool = False
    video: bool = False
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class SimScheduledEvent:
    """A scheduled event in a voice or stage channel."""

    id: int
    guild_id: int
    name: str
    creator_id: int
    channel_id: int
    starts_at: datetime
    status: ScheduledEventStatus = ScheduledEventStatus.SCHEDULED


@dataclass(slots=True)
class SimChannel:
    """A channel, category, thread or direct message channel.

    A thread has an `owner_id`, and `members` maps user ids to the time they joined; `archive_changed_at` is when it was
    last archived or unarchived. A direct message channel has a
    `recipient_id` and guild id 0; `read_id` is the last message that the recipient has read.
    """

    id: int
    guild_id: int
    type: ChannelType
    name: str
    parent_id: int | None = None
    position: int = 0
    topic: str | None = None
    overwrites: tuple[SimOverwrite, ...] = ()
    last_message_id: int | None = None
    owner_id: int | None = None
    created_at: datetime | None = None
    archived: bool = False
    archive_changed_at: datetime | None = None
    locked: bool = False
    message_count: int = 0
    members: dict[int, datetime] = field(default_factory=dict)
    recipient_id: int | None = None
    read_id: int = 0

    @property
    def is_thread(self) -> bool:
        """True for the three thread types."""
        return self.type in THREAD_CHANNEL_TYPES

    @property
    def is_direct(self) -> bool:
        """True for a direct message channel."""
        return self.type == ChannelType.DIRECT


@dataclass(slots=True)
class SimGuild:
    """A guild (server).

    A `lively` guild has a simulated population. Other guilds contain only what is sent to them. `command_permissions`
    are what is set under Integrations, by the id of a command or of the application.
    """

    id: int
    name: str
    owner_id: int
    joined_at: datetime
    lively: bool = False
    available: bool = True
    locale: str = "en-US"
    icon: str | None = None
    roles: dict[int, SimRole] = field(default_factory=dict)
    channels: dict[int, SimChannel] = field(default_factory=dict)
    threads: dict[int, SimChannel] = field(default_factory=dict)
    members: dict[int, SimMember] = field(default_factory=dict)
    voice: dict[int, SimVoiceState] = field(default_factory=dict)
    afk_channel_id: int | None = None
    system_channel_id: int | None = None
    system_channel_flags: int = 0
    scheduled_events: dict[int, SimScheduledEvent] = field(default_factory=dict)
    command_permissions: dict[int, list[Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SimAttachment:
    """A file attached to a message. The CDN stores the content of uploaded files only."""

    id: int
    filename: str
    size: int
    content_type: str
    description: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class InteractionSource:
    """The interaction that a message responds to.

    For a submitted modal, `opened_by` is the interaction that opened the modal.
    """

    id: int
    type: int
    name: str
    user_id: int
    opened_by: "InteractionSource | None" = None


@dataclass(slots=True)
class SimMessage:
    """A message.

    Without `content`, the text is filler of `length` characters that is generated at serialization. A direct message
    has guild id 0. `reactions` maps an emoji, a Unicode character or `name:id` for a custom emoji, to user ids.
    """

    id: int
    channel_id: int
    guild_id: int
    author_id: int
    sent_at: datetime
    length: int = 0
    content: str | None = None
    attachments: tuple[SimAttachment, ...] = ()
    type: int = 0
    flags: int = 0
    edited_at: datetime | None = None
    reply_to: int | None = None
    webhook_id: int | None = None
    application_id: int | None = None
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    source: InteractionSource | None = None
    reactions: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SimWebhook:
    """An incoming webhook of a channel."""

    id: int
    channel_id: int
    guild_id: int
    name: str
    token: str


@dataclass(frozen=True, slots=True)
class SimSku:
    """A subscription to the application that guilds can buy."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class SimEntitlement:
    """What a guild bought: a SKU, by a user. A test entitlement has no start. `deleted`: refunded, or deleted."""

    id: int
    sku_id: int
    guild_id: int
    user_id: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    deleted: bool = False


@dataclass(slots=True)
class SimApplication:
    """The only application of the local Discord, with the settings of its developer portal."""

    id: int
    name: str = "Herwa"
    privileged: PrivilegedIntents = (
        PrivilegedIntents.MEMBERS | PrivilegedIntents.PRESENCES | PrivilegedIntents.MESSAGE_CONTENT
    )
    shards: int = 1
    max_concurrency: int = 1
