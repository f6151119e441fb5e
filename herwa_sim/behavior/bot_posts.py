"""What programs post in a server: a bot that answers people, and a webhook that brings news."""

from datetime import datetime

from herwa_sim.actions import messages
from herwa_sim.behavior.simulation import Life
from herwa_sim.snowflakes import stable_snowflake

BOT_POSTS = 0.06  # of all messages
NEWS_A_DAY = 4.0


class Posting:
    """The programs of one server."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def act(self, now: datetime) -> float:
        """One post; the seconds until the next."""
        life = self._life
        bot_posts = life.scene.a_day * BOT_POSTS
        if life.random.random() < NEWS_A_DAY / (NEWS_A_DAY + bot_posts):
            self._news()
        else:
            self._bot()
        return life.pause(bot_posts + NEWS_A_DAY, now)

    def _bot(self) -> None:
        life = self._life
        channel, bot = life.room(), stable_snowflake("user", life.scene.bot)
        if channel is not None and bot in life.guild.members:
            messages.say(life.world, channel, author_id=bot, length=30 + life.random.randrange(200))

    def _news(self) -> None:
        life = self._life
        hook = life.world.webhooks.get(stable_snowflake(life.guild.id, "webhook", life.scene.webhook))
        if hook is not None and hook.channel_id in life.world.channels:
            channel = life.world.channel(hook.channel_id)
            messages.say(life.world, channel, author_id=hook.id, length=80 + life.random.randrange(300), webhook=hook)
