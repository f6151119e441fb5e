"""Create and update guilds, start and end outages, add and remove the bot."""

from herwa_shared.clock import utc_now
from herwa_sim import permissions
from herwa_sim.avatars import compute_image_hash
from herwa_sim.entities import SimGuild, SimMember, SimRole
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.guilds import serialize_guild, serialize_guild_create
from herwa_sim.snowflakes import create_stable_snowflake, to_datetime
from herwa_sim.world import PERSONAS, World


def create_guild(
    world: World,
    *,
    name: str,
    lively: bool = False,
    owner_id: int | None = None,
    locale: str = "en-US",
    bot: bool = True,
) -> SimGuild:
    """Create a guild with its owner (idempotent), and add the bot if `bot` is true.

    A guild with the same name is reused. The id is derived from the name.
    """
    guild = next((guild for guild in world.guilds.values() if guild.name == name), None)
    if guild is None:
        guild_id = create_stable_snowflake("guild", name)
        guild = SimGuild(
            guild_id, name, owner_id or PERSONAS["owner"], joined_at=utc_now(), lively=lively, locale=locale
        )
        guild.icon = compute_image_hash("guild", guild_id)
        guild.roles = {guild_id: SimRole(guild_id, "@everyone", permissions.EVERYONE)}
        guild.members = {guild.owner_id: SimMember(guild.owner_id, to_datetime(guild_id))}
        world.guilds[guild_id] = guild
        world.publish()
    if bot:
        add_bot(world, guild)
    return guild


def add_bot(world: World, guild: SimGuild) -> None:
    """Add the bot with its managed role; no effect if it is already a member."""
    if world.has_bot(guild):
        return
    guild.joined_at = utc_now()
    role = SimRole(guild.id + 1, world.bot.name, permissions.BOT, position=1, managed=True)
    guild.roles[role.id] = role
    guild.members[world.bot.id] = SimMember(world.bot.id, guild.joined_at, roles=(role.id,))
    world.publish(_build_guild_create(world, guild, joined=True))


def remove_bot(world: World, guild: SimGuild) -> None:
    """Remove the bot from the guild; the guild continues to exist."""
    if not world.has_bot(guild):
        return
    # Publish before the removal: the bot receives no events of guilds that it is not in.
    world.publish(GatewayEvent("GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id))
    del guild.members[world.bot.id]
    guild.roles.pop(guild.id + 1, None)
    guild.available = True
    world.publish()


def update_guild(world: World, guild: SimGuild) -> None:
    """Publish GUILD_UPDATE after the caller has changed the guild."""
    world.publish(GatewayEvent("GUILD_UPDATE", serialize_guild(guild), guild_id=guild.id))


def set_available(world: World, guild: SimGuild, available: bool) -> None:
    """Start or end an outage of the guild."""
    if guild.available == available:
        return
    guild.available = available
    delete_event = GatewayEvent("GUILD_DELETE", {"id": str(guild.id), "unavailable": True}, guild_id=guild.id)
    world.publish(_build_guild_create(world, guild, joined=False) if available else delete_event)


def _build_guild_create(world: World, guild: SimGuild, *, joined: bool) -> GatewayEvent:
    data = serialize_guild_create(world, guild, with_members=True, joined=joined)
    return GatewayEvent("GUILD_CREATE", data, guild_id=guild.id)
