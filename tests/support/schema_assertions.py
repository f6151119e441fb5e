"""What a bot has asked and what it was told, held against Discord's own documents."""

from herwa_sim.client.client import SimClient
from tests.support import discord_openapi, gateway_schemas


def assert_documented(client: SimClient) -> None:
    """Of everything since the last time: no REST call and no gateway event may differ from Discord's."""
    journal = client.read_journal(on=True)
    problems = [
        *discord_openapi.list_call_problems(journal.calls),
        *gateway_schemas.list_event_problems(journal.events),
    ]
    assert not problems, "\n".join(problems)
