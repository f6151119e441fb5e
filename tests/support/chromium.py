"""The system's Chromium in headless mode, and the log-in through the local Discord."""

import re
import shutil

from playwright.async_api import Browser, Page, Playwright, ViewportSize, expect

DESKTOP_VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
PHONE_VIEWPORT: ViewportSize = {"width": 390, "height": 844}
LAUNCH_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


async def start_chromium(playwright: Playwright, *options: str) -> Browser:
    """Start the system's Chromium, which `make test` installs as a Debian package, with more command-line options."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "there is no Chromium: scripts/system-packages tests installs it"
    return await playwright.chromium.launch(executable_path=path, args=[*LAUNCH_OPTIONS, *options])


async def log_in(page: Page, base_url: str, persona: str) -> None:
    """Log in from the start page through the local Discord's form, and wait until the dashboard is back."""
    await page.goto(f"{base_url}/")
    await page.get_by_role("link", name="Log in with Discord").click()
    await authorize(page, persona)
    await expect(page).to_have_url(re.compile(f"^{re.escape(base_url)}/"))


async def authorize(page: Page, persona: str) -> None:
    """Choose a persona on the local Discord's authorization form and submit it."""
    await page.locator(
        ".choices .choice", has=page.locator(".tag", has_text=re.compile(f"^{persona}", re.IGNORECASE))
    ).click()
    await page.locator("button[value=authorize]").click()
