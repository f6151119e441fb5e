"""The answer to REQUEST_GUILD_MEMBERS: members by id or by the start of a name, a thousand an event."""

from collections.abc import Iterator

from herwa_sim.entities import Guild, Json, Member
from herwa_sim.events import Event, Intents
from herwa_sim.serialize.members import member_json
from herwa_sim.world import World

CHUNK = 1000


def member_chunks(world: World, request: Json, intents: int) -> Iterator[Event]:
    """GUILD_MEMBERS_CHUNK events. A list of all is given only to those who have the members intent."""
    asked = request["guild_id"]
    guild = world.guild(int(asked[0] if isinstance(asked, list) else asked))
    wanted = request.get("user_ids")
    if wanted is not None:
        ids = [int(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
        found = [guild.members[one] for one in ids if one in guild.members]
        missing = [str(one) for one in ids if one not in guild.members]
    else:
        found = _by_name(world, guild, request.get("query") or "", int(request.get("limit") or 0), intents)
        missing = []
    count = max(1, -(-len(found) // CHUNK))
    for index in range(count):
        part = found[index * CHUNK : (index + 1) * CHUNK]
        data: Json = {
            "guild_id": str(guild.id),
            "members": [member_json(member, world.user(member.user_id)) for member in part],
            "chunk_index": index,
            "chunk_count": count,
            "not_found": missing,
        }
        if request.get("nonce") is not None:
            data["nonce"] = request["nonce"]
        yield Event("GUILD_MEMBERS_CHUNK", data, guild_id=guild.id)


def _by_name(world: World, guild: Guild, start: str, limit: int, intents: int) -> list[Member]:
    if not start and not intents & Intents.GUILD_MEMBERS:
        return []
    start = start.casefold()
    found = [
        member
        for member in guild.members.values()
        if (member.nick or world.user(member.user_id).name).casefold().startswith(start)
    ]
    return found[:limit] if limit else found
