"""JSON of webhooks."""

from herwa_sim.entities import Json, SimWebhook
from herwa_sim.world import World


def serialize_webhook(world: World, webhook: SimWebhook) -> Json:
    """Return the webhook object."""
    return {
        "id": str(webhook.id),
        "type": 1,
        "name": webhook.name,
        "avatar": None,
        "channel_id": str(webhook.channel_id),
        "guild_id": str(webhook.guild_id),
        "application_id": None,
        "token": webhook.token,
        "url": f"{world.base_url}/api/v10/webhooks/{webhook.id}/{webhook.token}",
    }
