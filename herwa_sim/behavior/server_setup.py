"""Setup of the simulated servers: roles, channels, members, a bot and a webhook."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from herwa_shared.discord.constants import MANAGE_GUILD, ChannelType
from herwa_sim import permissions
from herwa_sim.actions.channels import create_channel, create_thread
from herwa_sim.actions.guilds import create_guild
from herwa_sim.actions.members import create_user, join, set_roles
from herwa_sim.actions.roles import create_role
from herwa_sim.avatars import compute_image_hash
from herwa_sim.behavior.member_profiles import list_member_profiles
from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.entities import SimGuild, SimRole, SimUser, SimWebhook
from herwa_sim.snowflakes import create_stable_snowflake, digest, to_datetime
from herwa_sim.world import PERSONAS, World

MODERATOR_ROLE = "Moderators"
_THREADS_CREATED_AT = datetime(2023, 5, 1, tzinfo=UTC)


def set_up_server(world: World, profile: ServerProfile) -> SimGuild:
    """Create the profile's server (idempotent): only what is missing is created."""
    owner = _get_or_create_user(world, profile.owner)
    guild = create_guild(world, name=profile.name, lively=True, locale=profile.locale, owner_id=owner.id)
    guild.icon = guild.icon or compute_image_hash("guild", guild.id)
    roles = [_get_or_create_role(world, guild, name) for name in profile.roles]
    moderator_role = _get_or_create_role(world, guild, MODERATOR_ROLE, MANAGE_GUILD)
    _create_channels(world, guild, profile)
    _add_members(world, guild, profile, roles)
    for name in profile.moderators:
        _assign_role(world, guild, _get_or_create_user(world, name), moderator_role)
    for role_name, names in profile.role_members:
        role = _get_or_create_role(world, guild, role_name)
        for name in names:
            _assign_role(world, guild, _get_or_create_user(world, name), role)
    return guild


def get_setup_time(guild: SimGuild) -> datetime:
    """Return when the server was set up: the creation time of its first own role."""
    own_roles = [role for role in guild.roles.values() if role.id != guild.id and not role.managed]
    return to_datetime(min(role.id for role in own_roles)) if own_roles else guild.joined_at


def get_channel_id(guild: SimGuild, name: str) -> int:
    """Return the id of the channel with this name; names are unique within a profile."""
    return next(
        channel.id
        for channel in guild.channels.values()
        if channel.name == name and channel.type != ChannelType.CATEGORY
    )


def ensure_avatar(world: World, user: SimUser) -> SimUser:
    """Give the user an avatar if they have none; return the user."""
    if user.avatar is None:
        world.add_users([replace(user, avatar=compute_image_hash("user", user.id))])
    return world.users[user.id]


def set_up_bare_server(world: World, *, name: str, owner: str) -> SimGuild:
    """Create a small quiet server without the bot, for trying out the invitation of the bot."""
    guild = create_guild(world, name=name, owner_id=PERSONAS[owner], bot=False)
    guild.icon = guild.icon or compute_image_hash("guild", guild.id)
    parent = create_channel(world, guild, name="Text channels", type_=ChannelType.CATEGORY)
    create_channel(world, guild, name="general", parent_id=parent.id)
    create_channel(world, guild, name="Lounge", type_=ChannelType.VOICE)
    world.publish()
    return guild


def _get_or_create_user(world: World, name: str) -> SimUser:
    """Return the persona or the user with this name; a user gets an avatar."""
    if name in PERSONAS:
        return world.get_user(PERSONAS[name])
    return ensure_avatar(world, create_user(world, name=name))


def _get_or_create_role(world: World, guild: SimGuild, name: str, extra_permissions: int = 0) -> SimRole:
    existing = next((role for role in guild.roles.values() if role.name == name), None)
    return existing or create_role(world, guild, name=name, permissions=permissions.EVERYONE | extra_permissions)


def _assign_role(world: World, guild: SimGuild, user: SimUser, role: SimRole) -> None:
    member = join(world, guild, user, at=_get_early_join_time(guild, user))
    if role.id not in member.roles:
        set_roles(world, guild, user, (*member.roles, role.id))


def _add_members(world: World, guild: SimGuild, profile: ServerProfile, roles: list[SimRole]) -> None:
    """Add missing members; every seventh or so gets one of the roles."""
    for name in profile.guests:
        persona = _get_or_create_user(world, name)
        join(world, guild, persona, at=_get_early_join_time(guild, persona))
    bot = ensure_avatar(world, create_user(world, name=profile.bot_name, bot=True))
    join(world, guild, bot, at=_get_early_join_time(guild, bot))
    for member_profile in list_member_profiles(profile, get_setup_time(guild)):
        user = _get_or_create_user(world, member_profile.name)
        if user.id not in guild.members:
            join(world, guild, user, at=member_profile.joined_at)
            chance = digest(profile.name, "role", member_profile.name) % 7
            if chance < len(roles):
                set_roles(world, guild, user, (roles[chance].id,))


def _get_early_join_time(guild: SimGuild, user: SimUser) -> datetime:
    return get_setup_time(guild) - timedelta(days=400 + digest(guild.id, user.id) % 300)


def _create_channels(world: World, guild: SimGuild, profile: ServerProfile) -> None:
    for category, channel_profiles in profile.categories:
        parent = create_channel(world, guild, name=category, type_=ChannelType.CATEGORY)
        for channel_profile in channel_profiles:
            create_channel(world, guild, name=channel_profile.name, type_=channel_profile.type, parent_id=parent.id)
    for channel_name, title in profile.permanent_threads:
        thread_parent = world.get_channel(get_channel_id(guild, channel_name))
        id_ = create_stable_snowflake(guild.id, "thread", thread_parent.id, title)
        if id_ not in guild.threads:
            create_thread(
                world, thread_parent, name=title, owner_id=guild.owner_id, id_=id_, created_at=_THREADS_CREATED_AT
            )
    webhook_id = create_stable_snowflake(guild.id, "webhook", profile.webhook_name)
    if webhook_id not in world.webhooks:
        channel_id = get_channel_id(guild, profile.announcement_channel)
        webhook = SimWebhook(webhook_id, channel_id, guild.id, profile.webhook_name, secrets.token_urlsafe(48))
        world.webhooks[webhook_id] = webhook
        world.publish()
