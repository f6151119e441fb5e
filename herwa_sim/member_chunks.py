"""Responses to REQUEST_GUILD_MEMBERS: members by id or name prefix, 1,000 per event."""

from collections.abc import Iterator

from herwa_shared.discord.constants import Intents
from herwa_sim.entities import Json, SimGuild, SimMember
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.members import serialize_member
from herwa_sim.world import World

MAX_CHUNK_MEMBERS = 1000


def build_member_chunks(world: World, request: Json, intents: int) -> Iterator[GatewayEvent]:
    """Yield GUILD_MEMBERS_CHUNK events for the request.

    The full member list requires the GUILD_MEMBERS intent.
    """
    guild_id = request["guild_id"]
    guild = world.get_guild(int(guild_id[0] if isinstance(guild_id, list) else guild_id))
    user_ids = request.get("user_ids")
    if user_ids is not None:
        requested_ids = [int(user_id) for user_id in (user_ids if isinstance(user_ids, list) else [user_ids])]
        members = [guild.members[user_id] for user_id in requested_ids if user_id in guild.members]
        missing = [str(user_id) for user_id in requested_ids if user_id not in guild.members]
    else:
        members = _find_by_name(world, guild, request.get("query") or "", int(request.get("limit") or 0), intents)
        missing = []
    count = max(1, -(-len(members) // MAX_CHUNK_MEMBERS))
    for index in range(count):
        chunk = members[index * MAX_CHUNK_MEMBERS : (index + 1) * MAX_CHUNK_MEMBERS]
        data: Json = {
            "guild_id": str(guild.id),
            "members": [serialize_member(member, world.get_user(member.user_id)) for member in chunk],
            "chunk_index": index,
            "chunk_count": count,
            "not_found": missing,
        }
        if request.get("nonce") is not None:
            data["nonce"] = request["nonce"]
        yield GatewayEvent("GUILD_MEMBERS_CHUNK", data, guild_id=guild.id)


def _find_by_name(world: World, guild: SimGuild, prefix: str, limit: int, intents: int) -> list[SimMember]:
    """Return members by case-insensitive name prefix; `limit` 0 means no limit."""
    if not prefix and not intents & Intents.GUILD_MEMBERS:
        return []
    prefix = prefix.casefold()
    members = [
        member
        for member in guild.members.values()
        if (member.nick or world.get_user(member.user_id).name).casefold().startswith(prefix)
    ]
    return members[:limit] if limit else members
