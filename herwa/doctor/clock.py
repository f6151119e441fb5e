"""Clocks: events carry Discord's time, so ours must agree with it."""

import time
from email.utils import parsedate_to_datetime

import httpx

from herwa.doctor.discord import api_of
from herwa.doctor.finding import Finding, good, note
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings

SECONDS = 5.0
APART = 3.0  # Date has whole seconds, and the answer takes a moment


async def clock_findings(settings: Settings) -> list[Finding]:
    """Ours against that of Discord's servers; nothing to say where those do not answer."""
    api = api_of(settings)
    if api is None:
        return []
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
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
