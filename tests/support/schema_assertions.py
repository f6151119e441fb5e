"""Asserts that the recorded REST calls and gateway events match Discord's own documents."""

from herwa_sim.client.client import SimClient
from tests.support import discord_openapi, gateway_schemas


def assert_documented(client: SimClient) -> None:
    """Assert that no REST call and no gateway event since the last check violates Discord's schemas."""
    journal = client.read_journal(on=True)
    problems = [
        *discord_openapi.list_call_problems(journal.calls),
        *gateway_schemas.list_event_problems(journal.events),
    ]
    assert not problems, "\n".join(problems)
