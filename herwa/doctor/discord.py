"""Checks of Discord: token, intents, gateway limit, login, and clock skew."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from herwa.doctor.check_result import CheckResult, report_error, report_ok, report_warning
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

DISCORD_URL = "https://discord.com"
DISCORD_TIMEOUT_SECONDS = 5.0
DEVELOPER_PORTAL_URL = "https://discord.com/developers/applications"
# Flags of an application. The first bit of each means granted, the second granted while below 100 servers.
MEMBERS_INTENT_FLAGS, CONTENT_INTENT_FLAGS = (1 << 14) | (1 << 15), (1 << 18) | (1 << 19)
CLOCK_TIMEOUT_SECONDS = 5.0
# The Date header has a resolution of one second, and the response takes time.
MAX_CLOCK_SKEW_SECONDS = 3.0


async def check_discord(settings: Settings) -> list[CheckResult]:
    """Check token, intents, session limit and login.

    A local Discord is checked only while it is running.
    """
    discord_settings = settings.discord
    api_url = find_api_url(settings)
    if api_url is None:
        return [report_ok("Discord", "the local one, which `herwa up` starts")]
    token = (
        discord_settings.token.get_secret_value()
        if discord_settings.token
        else DataFolder(settings.data_dir).get_or_create_secret("local_discord_token")
    )
    try:
        headers = {"Authorization": f"Bot {token}"}
        async with httpx.AsyncClient(base_url=api_url, headers=headers, timeout=DISCORD_TIMEOUT_SECONDS) as client:
            application = await client.get("/oauth2/applications/@me")
            gateway = await client.get("/gateway/bot")
    except httpx.HTTPError as error:
        if discord_settings.is_local:
            return [report_ok("Discord", "the local one, not running now: `herwa up` starts it")]
        detail = f"{api_url} does not answer: {type(error).__name__}"
        return [report_error("Discord", detail, "see to the way out of this machine, or to HERWA_DISCORD_URL")]
    if application.status_code == httpx.codes.UNAUTHORIZED:
        return [
            report_error(
                "Discord",
                "does not know this token",
                f"set DISCORD_TOKEN to the bot's token, from {DEVELOPER_PORTAL_URL}",
            )
        ]
    if application.is_error:
        detail = f"answers {application.status_code} instead of telling about the application"
        return [report_warning("Discord", detail, "try again in a while: see https://discordstatus.com")]
    payload = application.json()
    discord_name = "the local one" if discord_settings.is_local else api_url.removesuffix("/api/v10")
    return [
        report_ok("Discord", f"{discord_name} knows us as {payload['name']}"),
        *_check_intents(settings, int(payload.get("flags") or 0)),
        *_check_session_limit(gateway),
        *_check_oauth(settings, payload),
    ]


async def check_clock(settings: Settings) -> list[CheckResult]:
    """Compare this machine's clock with Discord's, which dates all events.

    Returns no result if Discord does not respond.
    """
    api_url = find_api_url(settings)
    if api_url is None:
        return []
    try:
        async with httpx.AsyncClient(timeout=CLOCK_TIMEOUT_SECONDS) as client:
            sent_at = time.monotonic()
            response = await client.get(f"{api_url}/gateway")
            duration = time.monotonic() - sent_at
    except httpx.HTTPError:
        return []
    if "date" not in response.headers:
        return []
    skew = (parsedate_to_datetime(response.headers["date"]) - utc_now()).total_seconds() + duration / 2
    if abs(skew) > MAX_CLOCK_SKEW_SECONDS:
        direction = "behind" if skew > 0 else "ahead of"
        fix = "let the system keep its time by NTP: timedatectl set-ntp true"
        return [report_warning("Clock", f"{abs(skew):.0f} s {direction} Discord's", fix)]
    return [report_ok("Clock", "agrees with Discord's")]


def find_api_url(settings: Settings) -> str | None:
    """Find the URL of Discord's REST API. None for a local Discord that was never started."""
    if not settings.discord.is_local:
        return f"{settings.discord.url or DISCORD_URL}/api/v10"
    if not settings.data_dir.is_dir():
        return None
    return f"http://127.0.0.1:{DataFolder(settings.data_dir).get_or_create_port('sim')}/api/v10"


def _check_intents(settings: Settings, flags: int) -> Iterator[CheckResult]:
    fix = f"switch it on at {DEVELOPER_PORTAL_URL}, page Bot, and start the bot anew"
    if flags & MEMBERS_INTENT_FLAGS:
        yield report_ok("Server members intent", "granted")
    else:
        yield report_warning("Server members intent", "not granted: joins and leaves are not counted", fix)
    if settings.discord.message_content and not flags & CONTENT_INTENT_FLAGS:
        yield report_warning("Message content intent", "not granted: lengths and attachments stay unknown", fix)


def _check_session_limit(gateway: httpx.Response) -> Iterator[CheckResult]:
    remaining = gateway.json().get("session_start_limit", {}).get("remaining", 1) if gateway.is_success else 1
    if remaining <= 0:
        yield report_error(
            "Gateway", "this bot has used up its log-ins of today", "wait until tomorrow, then start it once"
        )


def _check_oauth(settings: Settings, application: dict[str, Any]) -> Iterator[CheckResult]:
    discord_settings = settings.discord
    if discord_settings.is_local:
        yield report_ok("Log-in", "through the local Discord")
        return
    missing = [
        name
        for name, value in (
            ("DISCORD_CLIENT_ID", discord_settings.client_id),
            ("DISCORD_CLIENT_SECRET", discord_settings.client_secret),
        )
        if value is None
    ]
    redirect = f"{settings.origin}/auth/callback"
    if missing:
        fix = (
            f"set {' and '.join(missing)}, from {DEVELOPER_PORTAL_URL}, page OAuth2,"
            f" and add the redirect {redirect} there"
        )
        yield report_error("Log-in", "nobody can log in to the pages", fix)
    elif str(discord_settings.client_id) != str(application["id"]):
        yield report_error("Log-in", "DISCORD_CLIENT_ID is another application's", f"set it to {application['id']}")
    elif redirect not in (application.get("redirect_uris") or [redirect]):
        yield report_error(
            "Log-in",
            "Discord would refuse to send people back",
            f"add the redirect {redirect} at {DEVELOPER_PORTAL_URL}",
        )
    else:
        yield report_ok("Log-in", f"people come back to {redirect}")
