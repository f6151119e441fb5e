"""Threads are joined, put to sleep, woken, and shown to a bot that may now see them."""

from collections.abc import Sequence

from herwa_shared.clock import utc_now
from herwa_sim.actions.channels import update_channel
from herwa_sim.entities import Channel, Guild, Json
from herwa_sim.events import Event
from herwa_sim.serialize.threads import thread_list_json, thread_members_json
from herwa_sim.world import World


def join_thread(world: World, thread: Channel, user_id: int) -> None:
    """The member joins, as everybody does who says something there; a second time nothing happens."""
    member = world.member(thread.guild_id, user_id)
    if user_id in thread.members:
        return
    thread.members[user_id] = utc_now()
    _tell(world, thread, thread_members_json(thread, joined=member, user=world.user(user_id)))


def leave_thread(world: World, thread: Channel, user_id: int) -> None:
    """The member leaves it; nothing happens to one who never joined."""
    if thread.members.pop(user_id, None) is not None:
        _tell(world, thread, thread_members_json(thread, left=user_id))


def set_archived(world: World, thread: Channel, archived: bool) -> None:
    """Put the thread to sleep, or wake it."""
    if thread.archived != archived:
        thread.archived = archived
        update_channel(world, thread)


def show_threads(world: World, guild: Guild, channels: Sequence[Channel]) -> None:
    """The bot may see these channels now: it is told of all their threads that are awake."""
    places = {channel.id for channel in channels}
    threads = [one for one in guild.threads.values() if one.parent_id in places and not one.archived]
    data = thread_list_json(guild, channels, threads, bot_id=world.bot.id)
    world.changed(Event("THREAD_LIST_SYNC", data, guild_id=guild.id))


def _tell(world: World, thread: Channel, data: Json) -> None:
    world.changed(Event("THREAD_MEMBERS_UPDATE", data, guild_id=thread.guild_id))
