"""Makes the servers of the cast: roles, channels, people with the days they joined on, a bot and a webhook."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from herwa_sim import permissions
from herwa_sim.actions.channels import create_channel, create_thread
from herwa_sim.actions.guilds import create_guild
from herwa_sim.actions.members import create_user, join, set_roles
from herwa_sim.actions.roles import create_role
from herwa_sim.avatars import picture_hash
from herwa_sim.behavior.member_profiles import people_of
from herwa_sim.behavior.server_profile import Scene
from herwa_sim.entities import ChannelType, Guild, Role, User, Webhook
from herwa_sim.snowflakes import digest, moment_of, stable_snowflake
from herwa_sim.world import PERSONAS, World

MODERATORS = "Moderators"
_OPENED = datetime(2023, 5, 1, tzinfo=UTC)


def settle(world: World, scene: Scene) -> Guild:
    """The scene's server. What is missing of it is made; what is there stays as it is."""
    owner = _account(world, scene.owner)
    guild = create_guild(world, name=scene.name, lively=True, locale=scene.locale, owner_id=owner.id)
    guild.icon = guild.icon or picture_hash("guild", guild.id)
    roles = [_role(world, guild, name) for name in scene.roles]
    moderators = _role(world, guild, MODERATORS, permissions.MANAGE_GUILD)
    _furnish(world, guild, scene)
    _fill(world, guild, scene, roles)
    for name in scene.moderators:
        _give(world, guild, _account(world, name), moderators)
    for badge, names in scene.badges:
        role = _role(world, guild, badge)
        for name in names:
            _give(world, guild, _account(world, name), role)
    return guild


def settled_at(guild: Guild) -> datetime:
    """When the server's people were settled: its first own role was made then."""
    own = [role for role in guild.roles.values() if role.id != guild.id and not role.managed]
    return moment_of(min(role.id for role in own)) if own else guild.joined_at


def channel_id(guild: Guild, name: str) -> int:
    """The id of the scene's channel of that name; within a scene names differ."""
    return next(one.id for one in guild.channels.values() if one.name == name and one.type != ChannelType.CATEGORY)


def with_face(world: World, user: User) -> User:
    """The account, with a picture of its own."""
    if user.avatar is None:
        world.add_users([replace(user, avatar=picture_hash("user", user.id))])
    return world.users[user.id]


def _account(world: World, name: str) -> User:
    """A persona, or the person of that name, with a face."""
    if name in PERSONAS:
        return world.user(PERSONAS[name])
    return with_face(world, create_user(world, name=name))


def _role(world: World, guild: Guild, name: str, granted: int = 0) -> Role:
    known = next((one for one in guild.roles.values() if one.name == name), None)
    return known or create_role(world, guild, name=name, permissions=permissions.EVERYONE | granted)


def _give(world: World, guild: Guild, user: User, role: Role) -> None:
    member = join(world, guild, user, at=_long_ago(guild, user))
    if role.id not in member.roles:
        set_roles(world, guild, user, (*member.roles, role.id))


def _fill(world: World, guild: Guild, scene: Scene, roles: list[Role]) -> None:
    """The people who are not there yet; every seventh or so has a role."""
    for name in scene.guests:
        persona = _account(world, name)
        join(world, guild, persona, at=_long_ago(guild, persona))
    bot = with_face(world, create_user(world, name=scene.bot, bot=True))
    join(world, guild, bot, at=_long_ago(guild, bot))
    for person in people_of(scene, settled_at(guild)):
        user = _account(world, person.name)
        if user.id not in guild.members:
            join(world, guild, user, at=person.joined_at)
            chance = digest(scene.name, "role", person.name) % 7
            if chance < len(roles):
                set_roles(world, guild, user, (roles[chance].id,))


def _long_ago(guild: Guild, user: User) -> datetime:
    return settled_at(guild) - timedelta(days=400 + digest(guild.id, user.id) % 300)


def _furnish(world: World, guild: Guild, scene: Scene) -> None:
    for category, rooms in scene.categories:
        parent = create_channel(world, guild, name=category, type_=ChannelType.CATEGORY)
        for room in rooms:
            create_channel(world, guild, name=room.name, type_=room.type, parent_id=parent.id)
    for room_name, title in scene.standing:
        place = world.channel(channel_id(guild, room_name))
        id_ = stable_snowflake(guild.id, "thread", place.id, title)
        if id_ not in guild.threads:
            create_thread(world, place, name=title, owner_id=guild.owner_id, id_=id_, created_at=_OPENED)
    hook_id = stable_snowflake(guild.id, "webhook", scene.webhook)
    if hook_id not in world.webhooks:
        room_id = channel_id(guild, scene.notices)
        hook = Webhook(hook_id, room_id, guild.id, scene.webhook, secrets.token_urlsafe(48))
        world.webhooks[hook_id] = hook
        world.changed()


def settle_bare(world: World, *, name: str, owner: str) -> Guild:
    """A small quiet server without the bot, so that adding it can be tried."""
    guild = create_guild(world, name=name, owner_id=PERSONAS[owner], bot=False)
    guild.icon = guild.icon or picture_hash("guild", guild.id)
    parent = create_channel(world, guild, name="Text channels", type_=ChannelType.CATEGORY)
    create_channel(world, guild, name="general", parent_id=parent.id)
    create_channel(world, guild, name="Lounge", type_=ChannelType.VOICE)
    world.changed()
    return guild
