"""`/help` lists the commands that this member may use in this channel."""

from herwa_shared.guardrail.policy import PlaceKind, TargetKind

PRIVACY_COMMANDS = {
    "/privacy show",
    "/privacy download",
    "/privacy opt-out",
    "/privacy opt-in",
    "/privacy delete",
    "/privacy direct-messages",
}
ALWAYS_LISTED = {"/help", "/why", *PRIVACY_COMMANDS}


async def list_named_commands(members, **options):
    """Run `/help`; return the names of the listed commands."""
    reply = await members.run("help", **options)
    assert reply.ephemeral
    return {line.split("`")[1] for line in reply.content.splitlines() if line.startswith("- `")}


async def test_members_see_public_commands_and_owners_see_all(members):
    member_commands = await list_named_commands(members)
    assert {*ALWAYS_LISTED, "/premium", "/server-stats"} <= member_commands
    assert "/permissions allow" not in member_commands
    assert {*member_commands, "/permissions allow", "/features list", "/channels allow"} <= await list_named_commands(
        members, user=members.server.owner
    )


async def test_help_follows_the_rules_of_the_channel(members, sim):
    desk = sim.client.create_channel(members.server.id, "desk")
    stats = (TargetKind.COMMAND, "server-stats")
    await members.add_rule(allow=False, target=stats, place=(PlaceKind.CHANNEL, desk))
    await members.wait_for_verdict("No", "server-stats", channel=desk)
    assert "/server-stats" not in await list_named_commands(members, channel=desk)
    assert "/server-stats" in await list_named_commands(members)


async def test_it_runs_though_everything_is_forbidden(members):
    await members.add_rule(allow=False, target=(TargetKind.EVERYTHING, ""))
    await members.wait_for_verdict("No", "server-stats")
    assert await list_named_commands(members) == ALWAYS_LISTED
