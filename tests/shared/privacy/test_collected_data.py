"""What the pages say is collected is what the code can store."""

from collections import Counter

import discord

from herwa_bot.intents import build_intents
from herwa_shared.pipeline.events import EventKind
from herwa_shared.privacy.collected_data import COLLECTED_DATA, INTENTS, GatewayIntent


def test_every_kind_of_event_is_declared_once():
    assert Counter(kind for row in COLLECTED_DATA for kind in row.kinds) == Counter(EventKind)


def test_every_intent_is_for_something():
    assert {row.source for row in COLLECTED_DATA if isinstance(row.source, GatewayIntent)} == set(GatewayIntent)
    assert INTENTS.keys() == set(GatewayIntent)
    assert all(row.data and row.purpose and row.source_title for row in COLLECTED_DATA)


def test_bot_requests_the_declared_intents_only():
    requested = {name for name, is_on in build_intents(message_content=True) if is_on}
    assert requested == {intent.value for intent in GatewayIntent}
    assert not build_intents(message_content=False).message_content
    privileged = {intent for intent, spec in INTENTS.items() if spec.is_privileged}
    without_privileges = {name for name, is_on in discord.Intents.default() if is_on}
    assert {intent for intent in GatewayIntent if intent.value not in without_privileges} == privileged
