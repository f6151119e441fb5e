"""Guilds, channels and threads, as REST and the gateway show them."""

from herwa_sim import permissions
from herwa_sim.entities import Channel, ChannelType, Guild, Json
from herwa_sim.serialize.members import member_json, presence_json, role_json
from herwa_sim.serialize.voice import voice_state_json
from herwa_sim.snowflakes import moment_of
from herwa_sim.world import World

LARGE = 250


def guild_json(guild: Guild) -> Json:
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
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [role_json(role) for role in guild.roles.values()],
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


def guild_counts(world: World, guild: Guild) -> Json:
    """How many members there are, and how many of them are online now: here, unlike on Discord, exactly."""
    online = sum(user_id in world.statuses for user_id in guild.members)
    return {"approximate_member_count": len(guild.members), "approximate_presence_count": online}


def own_guild_json(guild: Guild, user_id: int) -> Json:
    """One line of `/users/@me/guilds`, with what that user may do."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": guild.icon,
        "banner": None,
        "owner": guild.owner_id == user_id,
        "permissions": str(permissions.in_guild(guild, guild.members[user_id])),
        "features": [],
    }


def guild_create_json(
    world: World, guild: Guild, *, with_members: bool, with_presences: bool = False, joined: bool = False
) -> Json:
    """GUILD_CREATE. `unavailable` is absent when the bot was just added: its presence tells the two cases apart.

    A large guild names only the bot and who is in voice.
    """
    few = {world.bot.id, *guild.voice}
    everybody = with_members and len(guild.members) <= LARGE
    shown = {id_: one for id_, one in guild.members.items() if everybody or id_ in few}
    online = [id_ for id_ in shown if with_presences and id_ in world.statuses]
    return guild_json(guild) | {
        **({} if joined else {"unavailable": False}),
        "joined_at": guild.joined_at.isoformat(),
        "large": len(guild.members) > LARGE,
        "member_count": len(guild.members),
        "members": [member_json(member, world.user(member.user_id)) for member in shown.values()],
        "channels": [channel_json(channel, nested=True) for channel in guild.channels.values()],
        "threads": [channel_json(thread, nested=True) for thread in guild.threads.values() if not thread.archived],
        "presences": [presence_json(guild.id, id_, world.status(id_)) for id_ in online],
        "voice_states": [voice_state_json(state) for state in guild.voice.values()],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def channel_json(channel: Channel, *, nested: bool = False) -> Json:
    """A channel, a category or a thread. `nested` is for lists inside a guild, where Discord leaves the guild out."""
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
    return shape | (_thread_part(channel) if channel.is_thread else _place_part(channel))


def _place_part(channel: Channel) -> Json:
    overwrites = [
        {"id": str(one.id), "type": one.type, "allow": str(one.allow), "deny": str(one.deny)}
        for one in channel.overwrites
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


def _thread_part(thread: Channel) -> Json:
    created = thread.created_at or moment_of(thread.id)
    return {
        "owner_id": str(thread.owner_id),
        "message_count": thread.message_count,
        "total_message_sent": thread.message_count,
        "member_count": max(1, len(thread.members)),
        "thread_metadata": {
            "archived": thread.archived,
            "archive_timestamp": created.isoformat(),
            "auto_archive_duration": 10_080,
            "locked": thread.locked,
            "create_timestamp": created.isoformat(),
        },
    }


def thread_deleted_json(thread: Channel) -> Json:
    return {
        "id": str(thread.id),
        "guild_id": str(thread.guild_id),
        "parent_id": str(thread.parent_id),
        "type": int(thread.type),
    }
