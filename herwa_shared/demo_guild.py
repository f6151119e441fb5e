"""The demo guild from which test keys of the API answer: its id, its name, its channels and members.

It is no guild of Discord: its ids are older than any of Discord's. Nothing of it is stored. Its activity is computed in
`analytics.demo_activity`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

DEMO_GUILD_ID = 1_000_000_000_000_000
DEMO_GUILD_NAME = "Demo Server"
DEMO_JOINED_AT = datetime(2020, 1, 1, tzinfo=UTC)
FIRST_CHANNEL_ID = DEMO_GUILD_ID + 100
FIRST_MEMBER_ID = DEMO_GUILD_ID + 1_000
DEMO_MEMBER_COUNT = 160
_TEXT_CHANNELS = ("general", "introductions", "off-topic", "help", "showcase", "announcements")
_VOICE_CHANNELS = ("Lounge", "Music")
_FIRST_NAMES = ("Ada", "Ben", "Chloe", "Dev", "Elif", "Finn", "Grace", "Hugo", "Iris", "Jonas", "Kira", "Luca", "Mei")

DEMO_CHANNEL_NAMES: Mapping[int, str] = MappingProxyType(
    {FIRST_CHANNEL_ID + index: name for index, name in enumerate((*_TEXT_CHANNELS, *_VOICE_CHANNELS))}
)
DEMO_MEMBER_NAMES: Mapping[int, str] = MappingProxyType(
    {
        FIRST_MEMBER_ID + index: _FIRST_NAMES[index % len(_FIRST_NAMES)]
        + (f" {index // len(_FIRST_NAMES) + 1}" if index >= len(_FIRST_NAMES) else "")
        for index in range(DEMO_MEMBER_COUNT)
    }
)
