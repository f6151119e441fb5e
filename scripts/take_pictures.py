"""Take the pictures in docs/pictures again: `python -m scripts.take_pictures [FOLDER]`, or `make pictures`.

A temporary copy starts with the demo history of the local Discord. The owner of Comet Arcade sets rules, channel lists
and a key with the bot's commands. Then a headless Chromium takes every page of the dashboard, 1440 pixels wide and as a
phone, and the bot's refusal and chart in Discord.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.async_api import Browser, Page, StorageState, ViewportSize, async_playwright

from herwa.texts import startup as demo_texts
from herwa_bot.texts import buttons
from herwa_shared.catalog import Scope
from herwa_shared.clock import utc_now
from herwa_sim.client.client import SimClient
from herwa_sim.client.types import DisplayedMessage
from herwa_web.navigation import PAGES, RULES_ITEM, WIDGETS_ITEM
from herwa_web.pages.rules import texts
from herwa_web.pages.widgets import texts as widget_texts
from tests.support.chromium import PHONE_VIEWPORT, log_in, start_chromium
from tests.support.configurable_copy import ConfigurableCopy, open_copy

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SERVER_NAME = "Comet Arcade"
DEMO_DAYS = 120
DESKTOP: ViewportSize = {"width": 1440, "height": 1060}
IMPORT_FINISHED = demo_texts.format_import_finished(DEMO_DAYS, 0, 0, 0).partition(" into")[0]
IMPORT_TIMEOUT_SECONDS = 400
MAX_COLORS, EXACT_COLORS = 256, 96
CHANNEL_WEIGHTS = np.array([1 << 16, 1 << 8, 1])
WIDGET_NAME, WIDGET_VIEWS = "Blog", 12
CHART_NAME, REFUSAL_NAME, TRIAL_NAME = "server-stats", "refusal", "rules-try"
IS_COMPLETE_SCRIPT = """() => !document.querySelector('.bone') && document.querySelector('main .panel, main .alone')
    && (!document.querySelector('.chart') || document.querySelector('.js-plotly-plot .main-svg'))"""
CHOOSE_USER_SCRIPT = """(user) => {
    const choice = document.querySelector('input[name=who]');
    choice.value = user;
    choice.checked = true;
    choice.form.submit();
}"""
SETTLE_SECONDS = 0.6
"""After the last data: fonts, and transitions of bars and panels."""


@dataclass(frozen=True, slots=True)
class DemoServer:
    """The server in the pictures; ids."""

    id: int
    owner: int
    member: int
    channels: Mapping[str, int]
    blocked_role: int


def main() -> None:
    """Take all pictures into the folder of the first argument, by default docs/pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    with open_copy(HERWA_DEMO_DAYS=str(DEMO_DAYS)) as copy:
        report("starting a copy with demo history")
        copy.start_all()
        copy.wait_until(
            lambda: IMPORT_FINISHED in copy.read_output(), "the demo history", timeout_seconds=IMPORT_TIMEOUT_SECONDS
        )
        copy.drain()
        server = prepare_server(copy)
        take_discord_chart(copy, server, folder)
        asyncio.run(take_pages(copy, server, folder))
        copy.stop_all()


def report(text: str) -> None:
    """Print what is done now."""
    sys.stderr.write(f"→ {text}\n")


def prepare_server(copy: ConfigurableCopy) -> DemoServer:
    """Set rules, a channel list, a support channel and a key; let a member ask for access."""
    with closing(copy.open_sim_client()) as sim:
        snapshot = sim.get_snapshot()
        guild = next(guild for guild in snapshot.guilds if guild.name == SERVER_NAME)
        payload = sim.get_guild(guild.id)
        channels = {channel["name"]: int(channel["id"]) for channel in payload["channels"]}
        members = [int(member["id"]) for member in payload["member_list"] if not member["bot"]]
        member = next(user for user in members if user != guild.owner_id)
        blocked_role = sim.create_role(guild.id, "Night crew")
        server = DemoServer(guild.id, guild.owner_id, member, channels, blocked_role)
        add_settings(sim, server, members)
    copy.check_output("grant", str(server.id), "premium")
    for name in ("weekly report", "scoreboard"):
        copy.check_output("keys", "create", "--guild", str(server.id), "--name", name)
    add_shared_numbers(copy, server)
    return server


def add_shared_numbers(copy: ConfigurableCopy, server: DemoServer) -> None:
    """Create an export, a widget and the public page with an API key, and let visitors see the widget."""
    scopes = (Scope.WIDGETS_READ, Scope.WIDGETS_WRITE, Scope.EXPORTS, Scope.STATS)
    options = [part for scope in scopes for part in ("--scope", str(scope))]
    key = copy.check_output("keys", "create", "--guild", str(server.id), "--name", "site", *options).strip()
    url = f"http://localhost:{copy.port}/api/guilds/{server.id}/"
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=30) as api:
        metrics = ["active_members", "messages", "voice_minutes"]
        settings = {"name": WIDGET_NAME, "is_on": True, "template": "sparkline", "metrics": metrics}
        widget = api.post("widgets", json=settings).raise_for_status().json()
        api.patch("public-page", json={"is_on": True, "metrics": metrics}).raise_for_status()
        api.post("exports", json={"data": ["summaries"]}).raise_for_status()
        for _ in range(WIDGET_VIEWS):
            api.get(widget["urls"]["svg"]).raise_for_status()


def add_settings(sim: SimClient, server: DemoServer, members: list[int]) -> None:
    """Change settings with the bot's commands, as the owner of the server."""
    channel = server.channels["general"]
    support = sim.create_role(server.id, "Support")
    for user in members[1:6]:
        sim.set_roles(server.id, user, [support])
    friday = (utc_now() + timedelta(days=5)).strftime("%Y-%m-%d")

    for user in members[6:30]:
        sim.set_roles(server.id, user, [server.blocked_role])

    def run(command: str, **options: str) -> None:
        run_confirmed(sim, channel, server.owner, command, options)

    run("permissions allow", what="/ticket-stats", who=str(support), until=friday, note="until the audit is done")
    run("permissions deny", what="/ticket-stats", until=friday)
    run(
        "permissions deny",
        what="/voice-stats",
        who=str(server.blocked_role),
        where=str(server.channels["announcements"]),
    )
    run("permissions allow", what="module:governance", holding="Manage Roles", note="deputies")
    run("permissions deny", what="/server-stats", who=str(members[7]), note="asked to stop")
    run("channels allow", what="/server-stats", where=str(server.channels["general"]))
    run("channels allow", what="/server-stats", where=str(server.channels["bug-reports"]))
    run("channels allow", what="/voice-stats", where=str(server.channels["Lobby"]))
    run("tickets mark", channel=str(server.channels["help-desk"]))
    run("features disable", what="activity.history")
    for user in members[8:10]:
        ask_for_access(sim, channel, user)


def run_confirmed(sim: SimClient, channel: int, user: int, command: str, options: Mapping[str, str]) -> None:
    """Run a command, and press the first button of its reply if it asks for confirmation."""
    [reply] = sim.run_command(channel, user, command, options).messages
    labels = list_buttons(reply)
    if buttons.CANCEL in labels:
        sim.click(channel, user, reply.id, next(iter(labels.values())))


def list_buttons(message: DisplayedMessage) -> dict[str, str]:
    """Map the labels of the buttons of a message to their custom ids."""
    components = [component for row in message.components for component in row["components"]]
    return {str(item["label"]): str(item["custom_id"]) for item in components if "custom_id" in item}


def ask_for_access(sim: SimClient, channel: int, user: int) -> None:
    """Let a member run a command of managers, and ask for access."""
    [refusal] = sim.run_command(channel, user, "features list", {}).messages
    sim.click(channel, user, refusal.id, list_buttons(refusal)[buttons.ASK_FOR_ACCESS])


def take_discord_chart(copy: ConfigurableCopy, server: DemoServer, folder: Path) -> None:
    """Save the picture that the bot attaches to /server-stats."""
    with closing(copy.open_sim_client()) as sim:
        result = sim.run_command(server.channels["general"], server.owner, "server-stats", {})
    [attachment, *_] = result.messages[0].attachments
    save_picture(httpx.get(attachment.url, trust_env=False).raise_for_status().content, folder, CHART_NAME)


async def take_pages(copy: ConfigurableCopy, server: DemoServer, folder: Path) -> None:
    """Take every page of the dashboard, and the bot's refusal in Discord."""
    base_url = f"http://localhost:{copy.port}"
    async with async_playwright() as playwright:
        browser = await start_chromium(playwright)
        async with open_page(browser, None, DESKTOP) as page:
            await log_in(page, base_url, "owner")
            state = await page.context.storage_state()
        for name, path in list_views().items():
            for suffix, viewport in (("", DESKTOP), ("-phone", PHONE_VIEWPORT)):
                async with open_page(browser, state, viewport) as page:
                    await page.goto(f"{base_url}/g/{server.id}{path}")
                    await page.wait_for_function(IS_COMPLETE_SCRIPT)
                    if name == TRIAL_NAME:
                        await try_command(page, server)
                    if name == WIDGETS_ITEM.name:
                        await page.get_by_role("button", name=f"{widget_texts.EDIT} {WIDGET_NAME}").click()
                        await page.get_by_role("region", name=widget_texts.PREVIEW).wait_for()
                    await asyncio.sleep(SETTLE_SECONDS)
                    save_picture(await page.screenshot(), folder, name + suffix)
        await take_refusal(copy, browser, server, folder)
        await browser.close()


async def try_command(page: Page, server: DemoServer) -> None:
    """Ask on the page whether members with a role can use /voice-stats in a channel in which a rule blocks it."""
    values = {
        texts.WHO: f"role:{server.blocked_role}",
        texts.COMMAND_TO_TRY: "voice-stats",
        texts.CHANNEL_TO_TRY: f"channel:{server.channels['announcements']}",
    }
    for label, value in values.items():
        await page.get_by_role("combobox", name=label, exact=True).select_option(value=value)
    await page.get_by_role("button", name=texts.TRY, exact=True).click()
    await page.locator(".verdict").wait_for()


def list_views() -> dict[str, str]:
    """List the pages of the side bar and the tabs of the access rules: name of the picture and path."""
    pages = {item.name: item.path for item in PAGES}
    return pages | {f"{RULES_ITEM.name}-{tab}": f"{RULES_ITEM.path}?tab={tab}" for tab in texts.TABS if tab != "rules"}


async def take_refusal(copy: ConfigurableCopy, browser: Browser, server: DemoServer, folder: Path) -> None:
    """Block the Voice module for everyone, and take what a member sees who uses /voice-stats."""
    sim_url = f"http://127.0.0.1:{copy.folder.get_or_create_port('sim')}"
    channel = server.channels["general"]
    refusal = await asyncio.to_thread(run_blocked_command, copy, server)
    async with open_page(browser, None, {"width": 1160, "height": 900}) as page:
        await page.goto(f"{sim_url}/who")
        await page.evaluate(CHOOSE_USER_SCRIPT, str(server.member))
        await page.wait_for_url(lambda url: "/who" not in url)
        await page.goto(f"{sim_url}/channels/{server.id}/{channel}")
        save_picture(await page.locator(f"#m{refusal.id}").screenshot(), folder, REFUSAL_NAME)


def run_blocked_command(copy: ConfigurableCopy, server: DemoServer) -> DisplayedMessage:
    """Save the rule with its confirmation; return the refusal that the member then gets."""
    channel = server.channels["general"]
    with closing(copy.open_sim_client()) as sim:
        run_confirmed(sim, channel, server.owner, "permissions deny", {"what": "module:voice"})
        time.sleep(SETTLE_SECONDS)
        [refusal] = sim.run_command(channel, server.member, "voice-stats", {}).messages
    return refusal


@asynccontextmanager
async def open_page(browser: Browser, state: StorageState | None, viewport: ViewportSize) -> AsyncIterator[Page]:
    """Open a dark page without animations in a new browser context."""
    context = await browser.new_context(
        viewport=viewport, storage_state=state, color_scheme="dark", reduced_motion="reduce"
    )
    yield await context.new_page()
    await context.close()


def save_picture(content: bytes, folder: Path, name: str) -> None:
    """Save a PNG with at most 256 colors: a third of the size."""
    path = folder / f"{name}.png"
    with Image.open(BytesIO(content)) as image:
        reduce_colors(image.convert("RGB")).save(path, optimize=True)
    report(f"{path.name}, {path.stat().st_size // 1000} kB")


def reduce_colors(picture: Image.Image) -> Image.Image:
    """Give each pixel the nearest color of a palette. Pillow's own search compares only six bits of each channel."""
    codes, positions = np.unique(np.asarray(picture).astype(int) @ CHANNEL_WEIGHTS, return_inverse=True)
    palette = build_palette(picture)
    colors = codes[:, None] // CHANNEL_WEIGHTS % 256
    nearest = [int(((palette - color) ** 2).sum(axis=1).argmin()) for color in colors]
    indexes = np.array(nearest, dtype=np.uint8)[positions.reshape(picture.height, picture.width)]
    reduced = Image.fromarray(indexes)
    reduced.putpalette(palette.astype(np.uint8).tobytes())
    return reduced


def build_palette(picture: Image.Image) -> npt.NDArray[np.int64]:
    """Build a palette of the most frequent colors exactly, and of the rest evenly, so that small signs keep theirs."""
    colors = sorted(picture.getcolors(picture.width * picture.height) or (), reverse=True)
    exact = [color for _, color in colors[:EXACT_COLORS]]
    rest = [color for _, color in colors[EXACT_COLORS:]] or exact
    strip = Image.fromarray(np.array([rest], dtype=np.uint8))
    averaged = strip.quantize(MAX_COLORS - len(exact)).getpalette() or []
    return np.array([*exact, *zip(*[iter(averaged)] * 3, strict=True)][:MAX_COLORS])


if __name__ == "__main__":
    main()
