"""Forum posts: a thread whose first message has the thread's id."""

from herwa_shared.discord.constants import ChannelType
from herwa_sim.actions import messages
from herwa_sim.actions.channels import create_thread
from herwa_sim.entities import SimChannel
from herwa_sim.world import World


def create_post(
    world: World, forum: SimChannel, *, name: str, owner_id: int, length: int = 80, content: str | None = None
) -> SimChannel:
    """Create a post with its first message. Raises ValueError if the channel is not a forum."""
    if forum.type != ChannelType.FORUM:
        raise ValueError(f"{forum.name} is no forum")
    thread = create_thread(world, forum, name=name, owner_id=owner_id)
    forum.last_message_id = thread.id
    messages.send_message(world, thread, author_id=owner_id, length=length, content=content, id_=thread.id)
    return thread
