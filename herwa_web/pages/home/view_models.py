"""The cards of Home: what each says about its server, and the address that adds the bot to one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from herwa_shared.analytics.sparklines import Spark
from herwa_shared.auth.guild_access import OwnGuild
from herwa_shared.charts.formatting import day, exact
from herwa_shared.charts.web_figure import sparkline
from herwa_shared.clock import utc_now
from herwa_shared.discord.endpoints import DiscordPlace
from herwa_shared.services.live_counters import Now
from herwa_web.layout_state import server_shown
from herwa_web.pages.guild.view_models import Change, change_shown

VIEW_CHANNEL, SEND_MESSAGES, EMBED_LINKS, ATTACH_FILES, READ_HISTORY = (1 << bit for bit in (10, 11, 14, 15, 16))
PERMISSIONS = VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES | READ_HISTORY
KEYS = "123456789"
SPARK_HEIGHT = 40


@dataclass(frozen=True, slots=True)
class CardShown:
    """A server that Herwa is in."""

    name: str
    picture: str
    hue: int
    initial: str
    href: str
    letter: str
    live: bool
    state: str
    number: str
    words: str
    change: str
    tone: str
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class WaitingShown:
    """A server that Herwa could be in."""

    name: str
    picture: str
    hue: int
    initial: str
    invite: str


def card_shown(
    guild: OwnGuild, spark: Spark | None, live: Now | None, joined: datetime | None, *, at: int, now: datetime
) -> CardShown:
    """The card of the `at`th server."""
    server = server_shown(guild)
    line, area = sparkline(spark.messages if spark else (), height=SPARK_HEIGHT)
    talked, change = (spark.talked_today, change_shown(spark.change)) if spark else (0, Change())
    return CardShown(
        name=server.name,
        picture=server.picture,
        hue=server.hue,
        initial=server.initial,
        href=server.href,
        letter=KEYS[at] if at < len(KEYS) else "",
        live=live is not None,
        state=_state(guild, live, joined, now),
        number=exact(talked),
        words="person talked in 24 hours" if talked == 1 else "people talked in 24 hours",
        change=change.text,
        tone=change.tone,
        line=line,
        area=area,
    )


def closed_card(guild: OwnGuild, *, at: int) -> CardShown:
    """The card of a server whose guardrail does not let this person see its overview: a name without numbers."""
    blank = card_shown(guild, None, None, None, at=at, now=utc_now())
    return replace(blank, number="", words="Its overview is not open to you right now")


def waiting_shown(guild: OwnGuild, place: DiscordPlace) -> WaitingShown:
    """The card of a server without the bot."""
    server = server_shown(guild)
    return WaitingShown(server.name, server.picture, server.hue, server.initial, invite(place, guild.id))


def invite(place: DiscordPlace, guild_id: int) -> str:
    """Where Discord adds the bot to this server."""
    parts = {
        "client_id": str(place.client_id),
        "scope": "bot applications.commands",
        "permissions": str(PERMISSIONS),
        "guild_id": str(guild_id),
    }
    return f"{place.authorize}?{urlencode(parts)}"


def _state(guild: OwnGuild, live: Now | None, joined: datetime | None, now: datetime) -> str:
    if joined and now - joined < timedelta(days=1):
        minutes = max(int((now - joined).total_seconds() // 60), 1)
        return f"counting since {minutes} min" if minutes < 60 else f"counting since {minutes // 60} h"
    if live is None:
        return f"counting since {day(joined)}, {joined.year}" if joined else f"{exact(guild.member_count)} members"
    online = f"{exact(live.online)} online · " if live.online is not None else ""
    return f"{online}{exact(live.in_voice)} in voice"
