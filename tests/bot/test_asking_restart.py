"""What was sent before a restart: a question for access is answered, anything else is told to be too old."""

from herwa_shared.guardrail.policy import TargetKind
from tests.bot.members import Members, buttons
from tests.bot.process import bot_process, until
from tests.bot.stored import settled


async def test_after_a_restart_questions_for_access_are_answered_and_other_buttons_say_that_they_are_too_old(
    sim, stores, settings, place
):
    members = Members(sim, stores, place)
    with bot_process(settings, sim) as first:
        await first.listens()
        await settled(stores, first)
        await members.become("Yes", "server-stats")
        await members.rule(allow=False, target=(TargetKind.COMMAND, "server-stats"))
        await members.become("No", "server-stats")
        refused = await members.run("server-stats")
        question = await members.run("features disable", {"what": "module:voice"}, who=place.owner)
        assert await first.stop() == 0
    with bot_process(settings, sim) as second:
        await second.listens()
        [*_, old] = (await members.press(question, next(iter(buttons(question))), who=place.owner)).messages
        assert old.content == "This is too old to be answered. Please run the command again."
        await members.press(refused, "Ask for access")
        await until(lambda: letters(sim, place))
        assert await second.stop() == 0
    [letter] = letters(sim, place)
    with bot_process(settings, sim) as third:
        await third.listens()
        await members.press(
            letter, "Allow for 24 hours", who=place.owner, channel=sim.client.direct_channel(place.owner)
        )
        await members.become("Yes", "server-stats")


def letters(sim, place):
    """What the owner was written about this server."""
    name = sim.client.guild(place.guild)["name"]
    return [one for one in sim.client.direct_messages(place.owner) if f"**{name}**" in one.content]
