"""Threads and forum posts are opened, joined, put to sleep and woken."""

from herwa_sim.actions.channels import create_thread
from herwa_sim.actions.forum import create_post
from herwa_sim.actions.threads import join_thread, leave_thread, set_archived
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json
from herwa_sim.snowflakes import moment_of


async def new_thread(parts: Parts, body: Json) -> Json:
    """`channel_id`, `name`, and if wanted `owner_id` (else the guild's owner) and `message_id` that it starts at."""
    parent = parts.world.channel(int(body["channel_id"]))
    owner = int(body.get("owner_id") or parts.world.guild(parent.guild_id).owner_id)
    start = int(body["message_id"]) if body.get("message_id") else None
    created = moment_of(start) if start else None
    thread = create_thread(parts.world, parent, name=body["name"], owner_id=owner, id_=start, created_at=created)
    return {"id": str(thread.id)}


async def new_post(parts: Parts, body: Json) -> Json:
    """`channel_id` of a forum, `name`, and if wanted `owner_id`, and `content` or `length` of the first message."""
    forum = parts.world.channel(int(body["channel_id"]))
    owner = int(body.get("owner_id") or parts.world.guild(forum.guild_id).owner_id)
    length = int(body.get("length", 80))
    post = create_post(
        parts.world, forum, name=body["name"], owner_id=owner, length=length, content=body.get("content")
    )
    return {"id": str(post.id)}


async def join(parts: Parts, body: Json) -> Json:
    """`user_id` joins the thread `channel_id`."""
    join_thread(parts.world, parts.world.channel(int(body["channel_id"])), int(body["user_id"]))
    return {}


async def leave(parts: Parts, body: Json) -> Json:
    leave_thread(parts.world, parts.world.channel(int(body["channel_id"])), int(body["user_id"]))
    return {}


async def archive(parts: Parts, body: Json) -> Json:
    """The thread `channel_id` goes to sleep, or with `archived` false wakes."""
    set_archived(parts.world, parts.world.channel(int(body["channel_id"])), bool(body.get("archived", True)))
    return {}


ACTIONS: dict[str, Action] = {
    "thread/create": new_thread,
    "thread/join": join,
    "thread/leave": leave,
    "thread/archive": archive,
    "post/create": new_post,
}
