"""Control actions for scheduled events."""

from datetime import datetime, timedelta

from herwa_shared.clock import utc_now
from herwa_sim.actions.scheduled_events import (
    create_scheduled_event,
    delete_scheduled_event,
    update_scheduled_event,
)
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json


async def create(context: SimContext, body: Json) -> Json:
    """Create an event with this `name` in the voice or stage channel `channel_id` of `guild_id`, by `user_id`.

    Optional: `starts_at` (ISO 8601; in an hour by default).
    """
    starts_at = body.get("starts_at")
    event = create_scheduled_event(
        context.world,
        context.world.get_guild(int(body["guild_id"])),
        name=body["name"],
        creator_id=int(body["user_id"]),
        channel_id=int(body["channel_id"]),
        starts_at=datetime.fromisoformat(starts_at) if starts_at else utc_now() + timedelta(hours=1),
    )
    return {"id": str(event.id)}


async def update(context: SimContext, body: Json) -> Json:
    """Change `status` (Discord's number) or `name` of the event `event_id` of `guild_id`."""
    guild = context.world.get_guild(int(body["guild_id"]))
    update_scheduled_event(
        context.world, guild, int(body["event_id"]), status=body.get("status"), name=body.get("name")
    )
    return {}


async def delete(context: SimContext, body: Json) -> Json:
    """Delete the event `event_id` of `guild_id`."""
    delete_scheduled_event(context.world, context.world.get_guild(int(body["guild_id"])), int(body["event_id"]))
    return {}


ACTIONS: dict[str, Action] = {
    "scheduled-event/create": create,
    "scheduled-event/update": update,
    "scheduled-event/delete": delete,
}
