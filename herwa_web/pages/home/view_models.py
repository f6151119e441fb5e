"""View models of the home page: cards of servers, and the URL that adds the bot to one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from herwa_shared.analytics.sparklines import Sparkline
from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.charts.formatting import format_int
from herwa_shared.charts.sparkline import build_sparkline_paths
from herwa_shared.clock import utc_now
from herwa_shared.discord.endpoints import DiscordEndpoints
from herwa_shared.services.live_counters import LiveCounters
from herwa_web import texts
from herwa_web.layout_state import build_server_view
from herwa_web.pages.guild.view_models import EMPTY_VALUE, ChangeLabel, build_change_label

VIEW_CHANNEL, SEND_MESSAGES, EMBED_LINKS, ATTACH_FILES, READ_HISTORY = (1 << bit for bit in (10, 11, 14, 15, 16))
BOT_PERMISSIONS = VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES | READ_HISTORY
SHORTCUT_DIGITS = "123456789"
SPARKLINE_HEIGHT = 40


@dataclass(frozen=True, slots=True)
class CardView:
    """Card of a server that has the bot."""

    name: str
    picture: str
    hue: int
    initial: str
    href: str
    letter: str
    is_live: bool
    status_text: str
    value: str
    caption: str
    change: str
    tone: str
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class InviteCardView:
    """Card of a server without the bot."""

    name: str
    picture: str
    hue: int
    initial: str
    invite_url: str


def build_card(
    guild: UserGuildInfo,
    spark: Sparkline | None,
    live: LiveCounters | None,
    joined_at: datetime | None,
    *,
    position: int,
    now: datetime,
) -> CardView:
    """Build the card of a server. `position` (0-based) decides its keyboard shortcut, 1 to 9."""
    server = build_server_view(guild)
    line, area = build_sparkline_paths(spark.messages if spark else (), height=SPARKLINE_HEIGHT)
    active_count, change = (spark.active_members, build_change_label(spark.change)) if spark else (None, ChangeLabel())
    return CardView(
        name=server.name,
        picture=server.picture,
        hue=server.hue,
        initial=server.initial,
        href=server.href,
        letter=SHORTCUT_DIGITS[position] if position < len(SHORTCUT_DIGITS) else "",
        is_live=live is not None,
        status_text=_format_status(guild, live, joined_at, now),
        value=EMPTY_VALUE if active_count is None else format_int(active_count),
        caption=texts.describe_active_members(active_count),
        change=change.text,
        tone=change.tone,
        line=line,
        area=area,
    )


def build_locked_card(guild: UserGuildInfo, *, position: int) -> CardView:
    """Build the card of a server whose guardrail denies its overview to the user: no numbers."""
    card = build_card(guild, None, None, None, position=position, now=utc_now())
    return replace(card, value="", caption=texts.LOCKED_CARD)


def build_invite_card(guild: UserGuildInfo, endpoints: DiscordEndpoints) -> InviteCardView:
    """Build the card of a server without the bot."""
    server = build_server_view(guild)
    return InviteCardView(
        server.name, server.picture, server.hue, server.initial, build_invite_url(endpoints, guild.id)
    )


def build_invite_url(endpoints: DiscordEndpoints, guild_id: int) -> str:
    """Build the URL of Discord's page that adds the bot to this guild."""
    params = {
        "client_id": str(endpoints.client_id),
        "scope": "bot applications.commands",
        "permissions": str(BOT_PERMISSIONS),
        "guild_id": str(guild_id),
    }
    return f"{endpoints.authorize_url}?{urlencode(params)}"


def _format_status(guild: UserGuildInfo, live: LiveCounters | None, joined_at: datetime | None, now: datetime) -> str:
    if joined_at and now - joined_at < timedelta(days=1):
        return texts.format_server_age(int((now - joined_at).total_seconds() // 60))
    if live is None:
        return texts.format_joined_day(joined_at) if joined_at else texts.format_member_count(guild.member_count)
    return texts.format_live_counters(live.online, live.in_voice)
