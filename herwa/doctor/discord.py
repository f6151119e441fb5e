"""Discord: whether it knows our token, which intents it grants, whether people may log in.

Clocks: events carry Discord's time, so ours must agree with it.
"""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from herwa.doctor.check_result import Finding, good, note, wrong
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

REAL = "https://discord.com"
DISCORD_TIMEOUT_SECONDS = 5.0
PORTAL = "https://discord.com/developers/applications"
MEMBERS, CONTENT = (
    (1 << 14) | (1 << 15),
    (1 << 18) | (1 << 19),
)  # flags of an application: granted, and granted below 100 servers


async def discord_findings(settings: Settings) -> list[Finding]:
    """What its answers say; the local one is only asked when it runs."""
    mine = settings.discord
    api = api_of(settings)
    if api is None:
        return [good("Discord", "the local one, which `herwa up` starts")]
    token = mine.token.get_secret_value() if mine.token else DataFolder(settings.data_dir).secret("local_discord_token")
    try:
        headers = {"Authorization": f"Bot {token}"}
        async with httpx.AsyncClient(base_url=api, headers=headers, timeout=DISCORD_TIMEOUT_SECONDS) as client:
            application = await client.get("/oauth2/applications/@me")
            gateway = await client.get("/gateway/bot")
    except httpx.HTTPError as error:
        if mine.is_local:
            return [good("Discord", "the local one, not running now: `herwa up` starts it")]
        found = f"{api} does not answer: {type(error).__name__}"
        return [wrong("Discord", found, "see to the way out of this machine, or to HERWA_DISCORD_URL")]
    if application.status_code == httpx.codes.UNAUTHORIZED:
        return [wrong("Discord", "does not know this token", f"set DISCORD_TOKEN to the bot's token, from {PORTAL}")]
    if application.is_error:
        found = f"answers {application.status_code} instead of telling about the application"
        return [note("Discord", found, "try again in a while: see https://discordstatus.com")]
    told = application.json()
    where = "the local one" if mine.is_local else api.removesuffix("/api/v10")
    return [
        good("Discord", f"{where} knows us as {told['name']}"),
        *_intents(settings, int(told.get("flags") or 0)),
        *_log_ins(gateway),
        *_log_in(settings, told),
    ]


def api_of(settings: Settings) -> str | None:
    """The address of Discord's REST API; None for a local Discord that was never started."""
    if not settings.discord.is_local:
        return f"{settings.discord.url or REAL}/api/v10"
    if not settings.data_dir.is_dir():
        return None
    return f"http://127.0.0.1:{DataFolder(settings.data_dir).port('sim')}/api/v10"


def _intents(settings: Settings, flags: int) -> Iterator[Finding]:
    switch = f"switch it on at {PORTAL}, page Bot, and start the bot anew"
    if flags & MEMBERS:
        yield good("Server members intent", "granted")
    else:
        yield note("Server members intent", "not granted: joins and leaves are not counted", switch)
    if settings.discord.message_content and not flags & CONTENT:
        yield note("Message content intent", "not granted: lengths and attachments stay unknown", switch)


def _log_ins(gateway: httpx.Response) -> Iterator[Finding]:
    left = gateway.json().get("session_start_limit", {}).get("remaining", 1) if gateway.is_success else 1
    if left <= 0:
        yield wrong("Gateway", "this bot has used up its log-ins of today", "wait until tomorrow, then start it once")


def _log_in(settings: Settings, application: dict[str, Any]) -> Iterator[Finding]:
    mine = settings.discord
    if mine.is_local:
        yield good("Log-in", "through the local Discord")
        return
    missing = [
        name
        for name, value in (("DISCORD_CLIENT_ID", mine.client_id), ("DISCORD_CLIENT_SECRET", mine.client_secret))
        if value is None
    ]
    redirect = f"{settings.origin}/auth/callback"
    if missing:
        mend = f"set {' and '.join(missing)}, from {PORTAL}, page OAuth2, and add the redirect {redirect} there"
        yield wrong("Log-in", "nobody can log in to the pages", mend)
    elif str(mine.client_id) != str(application["id"]):
        yield wrong("Log-in", "DISCORD_CLIENT_ID is another application's", f"set it to {application['id']}")
    elif redirect not in (application.get("redirect_uris") or [redirect]):
        yield wrong("Log-in", "Discord would refuse to send people back", f"add the redirect {redirect} at {PORTAL}")
    else:
        yield good("Log-in", f"people come back to {redirect}")


CLOCK_TIMEOUT_SECONDS = 5.0
APART = 3.0  # Date has whole seconds, and the answer takes a moment


async def clock_findings(settings: Settings) -> list[Finding]:
    """Ours against that of Discord's servers; nothing to say where those do not answer."""
    api = api_of(settings)
    if api is None:
        return []
    try:
        async with httpx.AsyncClient(timeout=CLOCK_TIMEOUT_SECONDS) as client:
            asked = time.monotonic()
            answer = await client.get(f"{api}/gateway")
            took = time.monotonic() - asked
    except httpx.HTTPError:
        return []
    if "date" not in answer.headers:
        return []
    behind = (parsedate_to_datetime(answer.headers["date"]) - utc_now()).total_seconds() + took / 2
    if abs(behind) > APART:
        direction = "behind" if behind > 0 else "ahead of"
        mend = "let the system keep its time by NTP: timedatectl set-ntp true"
        return [note("Clock", f"{abs(behind):.0f} s {direction} Discord's", mend)]
    return [good("Clock", "agrees with Discord's")]
