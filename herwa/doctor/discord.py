"""Checks of Discord: token, intents, gateway limit, login, and clock skew."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from herwa.doctor.check_result import CheckResult, report_error, report_ok, report_warning
from herwa.texts import doctor as texts
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.discord.constants import ApplicationFlag
from herwa_shared.discord.endpoints import DISCORD_URL
from herwa_shared.runtime.data_dir import DataFolder

DISCORD_TIMEOUT_SECONDS = 5.0
DEVELOPER_PORTAL_URL = f"{DISCORD_URL}/developers/applications"
MEMBERS_INTENT_FLAGS = ApplicationFlag.MEMBERS | ApplicationFlag.MEMBERS_LIMITED
CONTENT_INTENT_FLAGS = ApplicationFlag.MESSAGE_CONTENT | ApplicationFlag.MESSAGE_CONTENT_LIMITED
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
        return [report_ok(texts.SUBJECT_DISCORD, texts.LOCAL_DISCORD_STOPPED)]
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
            return [report_ok(texts.SUBJECT_DISCORD, texts.LOCAL_DISCORD_STOPPED)]
        detail = texts.format_discord_down(api_url, type(error).__name__)
        return [report_error(texts.SUBJECT_DISCORD, detail, texts.CHECK_NETWORK)]
    if application.status_code == httpx.codes.UNAUTHORIZED:
        fix = texts.format_set_token(DEVELOPER_PORTAL_URL)
        return [report_error(texts.SUBJECT_DISCORD, texts.REJECTED_BY_DISCORD, fix)]
    if application.is_error:
        detail = texts.format_discord_error(application.status_code)
        return [report_warning(texts.SUBJECT_DISCORD, detail, texts.DISCORD_STATUS)]
    payload = application.json()
    discord_url = None if discord_settings.is_local else api_url.removesuffix("/api/v10")
    return [
        report_ok(texts.SUBJECT_DISCORD, texts.format_discord_ok(discord_url, payload["name"])),
        *_check_intents(settings, int(payload.get("flags") or 0)),
        *_check_session_limit(gateway),
        *_check_oauth(settings, payload),
        *check_policy_links(settings, payload),
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
        return [report_warning(texts.SUBJECT_CLOCK, texts.format_clock_skew(skew), texts.SYNC_CLOCK)]
    return [report_ok(texts.SUBJECT_CLOCK, texts.CLOCK_IN_SYNC)]


def find_api_url(settings: Settings) -> str | None:
    """Find the URL of Discord's REST API. None for a local Discord that was never started."""
    if not settings.discord.is_local:
        return f"{settings.discord.url or DISCORD_URL}/api/v10"
    if not settings.data_dir.is_dir():
        return None
    return f"http://127.0.0.1:{DataFolder(settings.data_dir).get_or_create_port('sim')}/api/v10"


def _check_intents(settings: Settings, flags: int) -> Iterator[CheckResult]:
    fix = texts.format_grant_intent(DEVELOPER_PORTAL_URL)
    if flags & MEMBERS_INTENT_FLAGS:
        yield report_ok(texts.SUBJECT_MEMBERS_INTENT, texts.INTENT_GRANTED)
    else:
        yield report_warning(texts.SUBJECT_MEMBERS_INTENT, texts.MEMBERS_INTENT_MISSING, fix)
    if settings.discord.message_content and not flags & CONTENT_INTENT_FLAGS:
        yield report_warning(texts.SUBJECT_CONTENT_INTENT, texts.CONTENT_INTENT_MISSING, fix)


def _check_session_limit(gateway: httpx.Response) -> Iterator[CheckResult]:
    remaining = gateway.json().get("session_start_limit", {}).get("remaining", 1) if gateway.is_success else 1
    if remaining <= 0:
        yield report_error(texts.SUBJECT_GATEWAY, texts.SESSION_LIMIT_REACHED, texts.WAIT_FOR_SESSIONS)


def _check_oauth(settings: Settings, application: dict[str, Any]) -> Iterator[CheckResult]:
    discord_settings = settings.discord
    if discord_settings.is_local:
        yield report_ok(texts.SUBJECT_LOGIN, texts.LOCAL_LOGIN)
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
        fix = texts.format_configure_login(missing, DEVELOPER_PORTAL_URL, redirect)
        yield report_error(texts.SUBJECT_LOGIN, texts.LOGIN_NOT_CONFIGURED, fix)
    elif str(discord_settings.client_id) != str(application["id"]):
        fix = texts.format_set_client_id(application["id"])
        yield report_error(texts.SUBJECT_LOGIN, texts.CLIENT_ID_MISMATCH, fix)
    elif redirect not in (application.get("redirect_uris") or [redirect]):
        fix = texts.format_add_redirect(redirect, DEVELOPER_PORTAL_URL)
        yield report_error(texts.SUBJECT_LOGIN, texts.REDIRECT_MISSING, fix)
    else:
        yield report_ok(texts.SUBJECT_LOGIN, texts.format_redirect(redirect))


def check_policy_links(settings: Settings, application: dict[str, Any]) -> Iterator[CheckResult]:
    if settings.discord.is_local:
        return
    links = (application.get("privacy_policy_url"), application.get("terms_of_service_url"))
    if links == (f"{settings.origin}/privacy", f"{settings.origin}/terms"):
        yield report_ok(texts.SUBJECT_POLICY_LINKS, texts.POLICY_LINKS_SET)
    else:
        fix = texts.format_set_policy_links(settings.origin, DEVELOPER_PORTAL_URL)
        yield report_warning(texts.SUBJECT_POLICY_LINKS, texts.POLICY_LINKS_MISSING, fix)
