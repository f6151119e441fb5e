"""Guilds come, change, fail for a while, and go; so does the bot."""

from herwa_shared.clock import utc_now
from herwa_sim import permissions
from herwa_sim.avatars import picture_hash
from herwa_sim.entities import Guild, Member, Role
from herwa_sim.events import Event
from herwa_sim.serialize.guilds import guild_create_json, guild_json
from herwa_sim.snowflakes import moment_of, stable_snowflake
from herwa_sim.world import PERSONAS, World


def create_guild(
    world: World,
    *,
    name: str,
    lively: bool = False,
    owner_id: int | None = None,
    locale: str = "en-US",
    bot: bool = True,
) -> Guild:
    """A new guild with its owner and, if wanted, the bot in it. Of one name there is one guild, with one id."""
    guild = next((guild for guild in world.guilds.values() if guild.name == name), None)
    if guild is None:
        guild_id = stable_snowflake("guild", name)
        guild = Guild(guild_id, name, owner_id or PERSONAS["owner"], joined_at=utc_now(), lively=lively, locale=locale)
        guild.icon = picture_hash("guild", guild_id)
        guild.roles = {guild_id: Role(guild_id, "@everyone", permissions.EVERYONE)}
        guild.members = {guild.owner_id: Member(guild.owner_id, moment_of(guild_id))}
        world.guilds[guild_id] = guild
        world.changed()
    if bot:
        add_bot(world, guild)
    return guild


def add_bot(world: World, guild: Guild) -> None:
    """Somebody invites the bot; nothing happens where it is already."""
    if world.has_bot(guild):
        return
    guild.joined_at = utc_now()
    role = Role(guild.id + 1, world.bot.name, permissions.BOT, position=1, managed=True)
    guild.roles[role.id] = role
    guild.members[world.bot.id] = Member(world.bot.id, guild.joined_at, roles=(role.id,))
    world.changed(_created(world, guild, joined=True))


def remove_bot(world: World, guild: Guild) -> None:
    """The guild throws the bot out, and lives on without it."""
    if not world.has_bot(guild):
        return
    world.changed(Event("GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id))  # the last that it hears
    del guild.members[world.bot.id]
    guild.roles.pop(guild.id + 1, None)
    guild.available = True
    world.changed()


def update_guild(world: World, guild: Guild) -> None:
    """Announce what was changed on the guild: its name, icon, owner."""
    world.changed(Event("GUILD_UPDATE", guild_json(guild), guild_id=guild.id))


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
