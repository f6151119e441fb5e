"""Join, leave and archive threads, and sync them to a bot that gains access to a channel."""

from collections.abc import Sequence

from herwa_shared.clock import utc_now
from herwa_sim.actions.channels import update_channel
from herwa_sim.entities import Json, SimChannel, SimGuild
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.threads import serialize_thread_list, serialize_thread_members_update
from herwa_sim.world import World


def join_thread(world: World, thread: SimChannel, user_id: int) -> None:
    """Add the member to the thread (idempotent). Posting in a thread joins it, too."""
    member = world.get_member(thread.guild_id, user_id)
    if user_id in thread.members:
        return
    thread.members[user_id] = utc_now()
    _publish_members_update(
        world, thread, serialize_thread_members_update(thread, joined_member=member, user=world.get_user(user_id))
    )


def leave_thread(world: World, thread: SimChannel, user_id: int) -> None:
    """Remove the member from the thread; no effect if they are not in it."""
    if thread.members.pop(user_id, None) is not None:
        _publish_members_update(world, thread, serialize_thread_members_update(thread, left_user_id=user_id))


def set_archived(world: World, thread: SimChannel, archived: bool) -> None:
    """Archive or unarchive the thread."""
    if thread.archived != archived:
        thread.archived = archived
        thread.archive_changed_at = utc_now()
        update_channel(world, thread)


def show_threads(world: World, guild: SimGuild, channels: Sequence[SimChannel]) -> None:
    """Publish THREAD_LIST_SYNC for channels that the bot can newly view.

    The event lists the active threads of these channels.
    """
    channel_ids = {channel.id for channel in channels}
    threads = [thread for thread in guild.threads.values() if thread.parent_id in channel_ids and not thread.archived]
    data = serialize_thread_list(guild, channels, threads, bot_id=world.bot.id)
    world.publish(GatewayEvent("THREAD_LIST_SYNC", data, guild_id=guild.id))


def _publish_members_update(world: World, thread: SimChannel, data: Json) -> None:
    world.publish(GatewayEvent("THREAD_MEMBERS_UPDATE", data, guild_id=thread.guild_id, channel_id=thread.id))
