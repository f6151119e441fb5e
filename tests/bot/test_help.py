"""`/help` names what this member may use in this channel."""

from herwa_shared.guardrail.policy import PlaceKind, TargetKind

ALWAYS = {"/help", "/why"}


async def named(members, **where):
    said = await members.run("help", **where)
    assert said.ephemeral
    return {line.split("`")[1] for line in said.content.splitlines() if line.startswith("- `")}


async def test_members_see_what_is_for_everyone_and_owners_all(members):
    mine = await named(members)
    assert {*ALWAYS, "/premium", "/server-stats"} <= mine
    assert "/permissions allow" not in mine
    assert {*mine, "/permissions allow", "/features list", "/channels allow"} <= await named(
        members, who=members.place.owner
    )


async def test_it_follows_the_rules_of_the_place(members, sim):
    desk = sim.client.create_channel(members.place.guild, "desk")
    stats = (TargetKind.COMMAND, "server-stats")
    await members.rule(allow=False, target=stats, place=(PlaceKind.CHANNEL, desk))
    await members.become("No", "server-stats", channel=desk)
    assert "/server-stats" not in await named(members, channel=desk)
    assert "/server-stats" in await named(members)


async def test_it_answers_though_everything_is_forbidden(members):
    await members.rule(allow=False, target=(TargetKind.EVERYTHING, ""))
    await members.become("No", "server-stats")
    assert await named(members) == ALWAYS
