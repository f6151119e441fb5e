"""JSON of guilds, channels and threads."""

from herwa_shared.discord.constants import ChannelType
from herwa_sim import permissions
from herwa_sim.entities import Json, SimChannel, SimGuild
from herwa_sim.serialize.members import serialize_member, serialize_presence, serialize_role
from herwa_sim.serialize.scheduled_events import serialize_scheduled_event
from herwa_sim.serialize.voice import serialize_voice_state
from herwa_sim.snowflakes import to_datetime
from herwa_sim.world import World

LARGE_GUILD_MEMBERS = 250


def serialize_guild(guild: SimGuild) -> Json:
    """Return the guild object."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": guild.icon,
        "description": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": [],
        "banner": None,
        "owner_id": str(guild.owner_id),
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": str(guild.afk_channel_id) if guild.afk_channel_id else None,
        "afk_timeout": 300,
        "system_channel_id": str(guild.system_channel_id) if guild.system_channel_id else None,
        "system_channel_flags": guild.system_channel_flags,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [serialize_role(role) for role in guild.roles.values()],
        "default_message_notifications": 0,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
        "hub_type": None,
    }


def serialize_guild_counts(world: World, guild: SimGuild) -> Json:
    """Return the approximate member and presence counts; unlike on Discord they are exact."""
    online = sum(user_id in world.statuses for user_id in guild.members)
    return {"approximate_member_count": len(guild.members), "approximate_presence_count": online}


def serialize_user_guild(guild: SimGuild, user_id: int) -> Json:
    """Return an entry of `/users/@me/guilds`, with the user's permissions."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": guild.icon,
        "banner": None,
        "owner": guild.owner_id == user_id,
        "permissions": str(permissions.compute_guild_permissions(guild, guild.members[user_id])),
        "features": [],
    }


def serialize_guild_create(
    world: World, guild: SimGuild, *, with_members: bool, with_presences: bool = False, joined: bool = False
) -> Json:
    """Return the data of GUILD_CREATE.

    `unavailable` is absent if the bot was just added (`joined`): discord.py distinguishes the two cases by the presence
    of the key. A large guild contains only the bot and the members in voice channels.
    """
    always_included = {world.bot.id, *guild.voice}
    is_complete = with_members and len(guild.members) <= LARGE_GUILD_MEMBERS
    included_members = {
        id_: included_member for id_, included_member in guild.members.items() if is_complete or id_ in always_included
    }
    online_ids = [id_ for id_ in included_members if with_presences and id_ in world.statuses]
    return serialize_guild(guild) | {
        **({} if joined else {"unavailable": False}),
        "joined_at": guild.joined_at.isoformat(),
        "large": len(guild.members) > LARGE_GUILD_MEMBERS,
        "member_count": len(guild.members),
        "members": [serialize_member(member, world.get_user(member.user_id)) for member in included_members.values()],
        "channels": [serialize_channel(channel, nested=True) for channel in guild.channels.values()],
        "threads": [
            serialize_channel(thread, nested=True)
            for thread in guild.threads.values()
            if not thread.archived and permissions.can_view(guild, thread, guild.members[world.bot.id])
        ],
        "presences": [serialize_presence(guild.id, id_, world.get_status(id_)) for id_ in online_ids],
        "voice_states": [serialize_voice_state(state) for state in guild.voice.values()],
        "stage_instances": [],
        "guild_scheduled_events": [
            serialize_scheduled_event(event, guild.channels[event.channel_id])
            for event in guild.scheduled_events.values()
            if event.channel_id in guild.channels
        ],
        "soundboard_sounds": [],
    }


def serialize_channel(channel: SimChannel, *, nested: bool = False) -> Json:
    """Return a channel, category or thread.

    `nested` is for lists inside a guild object, where Discord omits `guild_id`.
    """
    shape: Json = {
        "id": str(channel.id),
        "type": int(channel.type),
        "flags": 0,
        "name": channel.name,
        "parent_id": str(channel.parent_id) if channel.parent_id else None,
    }
    if channel.is_thread or not nested:
        shape["guild_id"] = str(channel.guild_id)
    if channel.type != ChannelType.CATEGORY:
        shape["last_message_id"] = str(channel.last_message_id) if channel.last_message_id else None
        shape["rate_limit_per_user"] = 0
    return shape | (_serialize_thread_fields(channel) if channel.is_thread else _serialize_channel_fields(channel))


def serialize_deleted_thread(thread: SimChannel) -> Json:
    """Return the data of THREAD_DELETE."""
    return {
        "id": str(thread.id),
        "guild_id": str(thread.guild_id),
        "parent_id": str(thread.parent_id),
        "type": int(thread.type),
    }


def _serialize_channel_fields(channel: SimChannel) -> Json:
    overwrites = [
        {"id": str(overwrite.id), "type": overwrite.type, "allow": str(overwrite.allow), "deny": str(overwrite.deny)}
        for overwrite in channel.overwrites
    ]
    shape: Json = {"position": channel.position, "permission_overwrites": overwrites, "nsfw": False}
    if channel.type in (ChannelType.VOICE, ChannelType.STAGE):
        shape |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
    elif channel.type != ChannelType.CATEGORY:
        shape["topic"] = channel.topic
    if channel.type == ChannelType.FORUM:
        shape |= {
            "available_tags": [],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return shape


def _serialize_thread_fields(thread: SimChannel) -> Json:
    created_at = thread.created_at or to_datetime(thread.id)
    return {
        "owner_id": str(thread.owner_id),
        "message_count": thread.message_count,
        "total_message_sent": thread.message_count,
        "member_count": max(1, len(thread.members)),
        "thread_metadata": {
            "archived": thread.archived,
            "archive_timestamp": (thread.archive_changed_at or created_at).isoformat(),
            "auto_archive_duration": 10_080,
            "locked": thread.locked,
            "create_timestamp": created_at.isoformat(),
        },
    }
