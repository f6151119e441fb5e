"""Guilds come, fail for a while, and go."""

from herwa_shared.clock import utc_now
from herwa_sim import permissions
from herwa_sim.entities import Guild, Member, Role
from herwa_sim.events import Event
from herwa_sim.serialize.guilds import guild_create_json
from herwa_sim.snowflakes import moment_of, stable_snowflake
from herwa_sim.world import PERSONAS, World


def create_guild(
    world: World, *, name: str, lively: bool = False, owner_id: int | None = None, locale: str = "en-US"
) -> Guild:
    """A new guild with its owner and the bot in it. Of one name there is one guild, with one id."""
    existing = next((guild for guild in world.guilds.values() if guild.name == name), None)
    if existing is not None:
        return existing
    guild_id = stable_snowflake("guild", name)
    bot_role = Role(guild_id + 1, world.bot.name, permissions.BOT, position=1, managed=True)
    guild = Guild(guild_id, name, owner_id or PERSONAS["owner"], joined_at=utc_now(), lively=lively, locale=locale)
    guild.roles = {guild_id: Role(guild_id, "@everyone", permissions.EVERYONE), bot_role.id: bot_role}
    founded = moment_of(guild_id)
    guild.members = {guild.owner_id: Member(guild.owner_id, founded)}
    guild.members[world.bot.id] = Member(world.bot.id, guild.joined_at, roles=(bot_role.id,))
    world.guilds[guild_id] = guild
    world.changed(_created(world, guild, joined=True))
    return guild


def remove_bot(world: World, guild: Guild) -> None:
    """The guild throws the bot out; nothing of it is left here."""
    del world.guilds[guild.id]
    for channel_id in (*guild.channels, *guild.threads):
        world.channels.pop(channel_id, None)
        world.messages.pop(channel_id, None)
    world.changed(Event("GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id))


def set_available(world: World, guild: Guild, available: bool) -> None:
    """An outage begins or ends."""
    if guild.available == available:
        return
    guild.available = available
    gone = Event("GUILD_DELETE", {"id": str(guild.id), "unavailable": True}, guild_id=guild.id)
    world.changed(_created(world, guild, joined=False) if available else gone)


def _created(world: World, guild: Guild, *, joined: bool) -> Event:
    data = guild_create_json(world, guild, with_members=True, joined=joined)
    return Event("GUILD_CREATE", data, guild_id=guild.id)
