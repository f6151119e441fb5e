"""Automated posts: replies of a third-party bot and news of a webhook."""

from datetime import datetime

from herwa_sim.actions import messages
from herwa_sim.behavior.simulation import ServerSimulation
from herwa_sim.snowflakes import create_stable_snowflake

BOT_MESSAGE_SHARE = 0.06  # of all messages
NEWS_PER_DAY = 4.0


class BotPostBehavior:
    """The automated posts of one server."""

    def __init__(self, simulation: ServerSimulation) -> None:
        self._simulation = simulation

    def act(self, now: datetime) -> float:
        """Send one post; return the seconds until the next."""
        simulation = self._simulation
        bot_posts = simulation.profile.messages_per_day * BOT_MESSAGE_SHARE
        if simulation.random.random() < NEWS_PER_DAY / (NEWS_PER_DAY + bot_posts):
            self._post_news()
        else:
            self._post_as_bot()
        return simulation.sample_delay(bot_posts + NEWS_PER_DAY, now)

    def _post_as_bot(self) -> None:
        simulation = self._simulation
        channel, bot_id = simulation.pick_channel(), create_stable_snowflake("user", simulation.profile.bot_name)
        if channel is not None and bot_id in simulation.guild.members:
            messages.send_message(
                simulation.world, channel, author_id=bot_id, length=30 + simulation.random.randrange(200)
            )

    def _post_news(self) -> None:
        simulation = self._simulation
        webhook = simulation.world.webhooks.get(
            create_stable_snowflake(simulation.guild.id, "webhook", simulation.profile.webhook_name)
        )
        if webhook is not None and webhook.channel_id in simulation.world.channels:
            channel = simulation.world.get_channel(webhook.channel_id)
            messages.send_message(
                simulation.world,
                channel,
                author_id=webhook.id,
                length=80 + simulation.random.randrange(300),
                webhook=webhook,
            )
