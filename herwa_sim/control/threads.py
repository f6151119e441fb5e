"""Control actions for threads and forum posts: open, join, leave, archive."""

from herwa_sim.actions.channels import create_thread
from herwa_sim.actions.forum import create_post
from herwa_sim.actions.messages import announce_thread
from herwa_sim.actions.threads import join_thread, leave_thread, set_archived
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json
from herwa_sim.snowflakes import to_datetime


async def open_thread(context: SimContext, body: Json) -> Json:
    """Open a thread in `channel_id` with this `name`.

    Optional: `owner_id` (the guild's owner by default), `message_id` of the message that it starts from, `private`.
    """
    parent = context.world.get_channel(int(body["channel_id"]))
    owner_id = int(body.get("owner_id") or context.world.get_guild(parent.guild_id).owner_id)
    message_id = int(body["message_id"]) if body.get("message_id") else None
    created_at = to_datetime(message_id) if message_id else None
    thread = create_thread(
        context.world,
        parent,
        name=body["name"],
        owner_id=owner_id,
        id_=message_id,
        created_at=created_at,
        private=bool(body.get("private")),
    )
    if message_id is None:
        announce_thread(context.world, thread, owner_id)
    return {"id": str(thread.id)}


async def open_post(context: SimContext, body: Json) -> Json:
    """Open a post in the forum `channel_id` with this `name`.

    Optional: `owner_id`, and `content` or `length` of the first message.
    """
    forum = context.world.get_channel(int(body["channel_id"]))
    owner_id = int(body.get("owner_id") or context.world.get_guild(forum.guild_id).owner_id)
    length = int(body.get("length", 80))
    post = create_post(
        context.world, forum, name=body["name"], owner_id=owner_id, length=length, content=body.get("content")
    )
    return {"id": str(post.id)}


async def join(context: SimContext, body: Json) -> Json:
    """Add `user_id` to the thread `channel_id`."""
    join_thread(context.world, context.world.get_channel(int(body["channel_id"])), int(body["user_id"]))
    return {}


async def leave(context: SimContext, body: Json) -> Json:
    """Remove `user_id` from the thread `channel_id`."""
    leave_thread(context.world, context.world.get_channel(int(body["channel_id"])), int(body["user_id"]))
    return {}


async def archive(context: SimContext, body: Json) -> Json:
    """Archive the thread `channel_id`; with `archived` false, unarchive it."""
    set_archived(context.world, context.world.get_channel(int(body["channel_id"])), bool(body.get("archived", True)))
    return {}


ACTIONS: dict[str, Action] = {
    "thread/create": open_thread,
    "thread/join": join,
    "thread/leave": leave,
    "thread/archive": archive,
    "post/create": open_post,
}
