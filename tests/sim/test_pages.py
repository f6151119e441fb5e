"""The pages on which a person acts as a member, and what the bot receives of it."""

import asyncio
import re
from collections.abc import AsyncIterator

import discord
import httpx
import orjson
import pytest

from herwa_sim.texts import channel as texts
from herwa_sim.texts import chaos
from herwa_sim.world import PERSONAS
from tests.sim.commands import CHART_PNG, DirectMessageView
from tests.sim.recording_bot import wait_until
from tests.support.oauth_forms import extract_proof

HOSTILE = "<img src=x onerror=alert(1)> \"quoted\" 'too' <script>alert(2)</script>"
MANAGE_MESSAGES = 1 << 13


class PageClient:
    """An HTTP client on the page of one channel; `proof` is the CSRF token."""

    def __init__(self, browser: httpx.AsyncClient, channel: int) -> None:
        self.browser = browser
        self.channel = channel
        self.proof = ""

    async def log_in_as(self, user_id: int) -> None:
        self.proof = extract_proof((await self.browser.get("/who")).text)
        response = await self.browser.post("/who", data={"proof": self.proof, "who": str(user_id)})
        assert response.status_code == 303

    async def fetch_page(self) -> str:
        """Fetch the HTML of the channel's page."""
        return (await self.browser.get(f"/channels/0/{self.channel}")).text

    async def perform(self, action: str, **body: object) -> dict:
        """Perform an action that must succeed; return the response body."""
        response = await self.try_action(action, **body)
        assert response.status_code == 200, response.text
        return response.json()

    async def try_action(self, action: str, **body: object) -> httpx.Response:
        """Perform an action that may fail; return the response."""
        path = f"/_play/{self.channel}/{action}"
        return await self.browser.post(path, json=body, headers={"X-Proof": self.proof})

    async def list_articles(self) -> list[str]:
        """List the HTML of the messages on the page, oldest first."""
        return re.findall(r"<article.*?</article>", await self.fetch_page(), re.DOTALL)


@pytest.fixture
async def visitor(sim, server) -> AsyncIterator[PageClient]:
    """A page client that is logged in as the test's member."""
    async with httpx.AsyncClient(base_url=sim.url, timeout=30) as browser:
        visitor = PageClient(browser, server.channel)
        await visitor.log_in_as(server.member)
        yield visitor


def get_message_id(article: str) -> str:
    return re.search(r'id="m(\d+)"', article)[1]


class TestIdentity:
    async def test_visitor_without_a_user_is_sent_to_the_login_page(self, sim, server):
        async with httpx.AsyncClient(base_url=sim.url) as browser:
            assert (await browser.get("/")).headers["Location"] == "/who"
            assert (await browser.get(f"/channels/0/{server.channel}")).headers["Location"] == "/who"
            assert (await browser.get(f"/_play/{server.channel}/live")).status_code == 401

    async def test_start_page_leads_to_a_server_of_the_user(self, visitor, server):
        response = await visitor.browser.get("/", follow_redirects=True)
        assert str(response.url).endswith(f"/channels/{server.id}/{server.channel}")

    async def test_channel_looks_missing_to_a_stranger(self, visitor, server):
        await visitor.log_in_as(PERSONAS["stranger"])
        existing = await visitor.browser.get(f"/channels/{server.id}/{server.channel}")
        missing = await visitor.browser.get(f"/channels/{server.id}/{server.channel + 1}")
        assert (existing.status_code, existing.text) == (404, missing.text)
        assert (await visitor.try_action("say", content="hello")).status_code == 404

    async def test_hidden_channel_looks_missing(self, sim, visitor, server):
        hide = {"id": str(server.id), "type": 0, "deny": 1 << 10}
        secret = await asyncio.to_thread(sim.client.create_channel, server.id, "secret-plans")
        await asyncio.to_thread(sim.client.call, "channel/overwrites", channel_id=str(secret), overwrites=[hide])
        assert "secret-plans" not in await visitor.fetch_page()
        visitor.channel = secret
        assert (await visitor.try_action("say", content="hello")).status_code == 404

    async def test_request_with_an_invalid_proof_is_refused(self, visitor):
        visitor.proof = "0" * 64
        assert (await visitor.try_action("say", content="hello")).status_code == 403
        post_response = await visitor.browser.post("/who", data={"who": str(PERSONAS["owner"])})
        assert post_response.status_code == 403
        assert (await visitor.browser.post("/chaos", data={"form": "once", "action": "drop"})).status_code == 403

    async def test_content_security_policy_allows_only_own_scripts(self, visitor):
        page = await visitor.browser.get(f"/channels/0/{visitor.channel}")
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?! src=)| on\w+=| style=", page.text)


class TestWriting:
    async def test_message_reaches_the_bot(self, visitor, server, bot):
        await visitor.perform("say", content="Hello, all")
        await wait_until(lambda: any(message.author.id == server.member for message in bot.messages))
        assert "Hello, all" in (await visitor.list_articles())[-1]

    async def test_hostile_text_and_names_are_escaped(self, sim, visitor, server):
        hostile_member = await asyncio.to_thread(sim.client.join, server.id, HOSTILE)
        await asyncio.to_thread(sim.client.create_thread, server.channel, HOSTILE)
        await visitor.log_in_as(hostile_member)
        await visitor.perform("say", content=HOSTILE)
        page = await visitor.fetch_page()
        assert "<img src=x" not in page
        assert "<script>alert" not in page
        assert page.count("&lt;img src=x onerror=alert(1)&gt;") > 3

    async def test_markdown_is_rendered_like_in_discord(self, visitor):
        await visitor.perform(
            "say", content="**bold** `<b>` [there](https://example.org) [no](javascript:alert(1)) \\*plain\\*"
        )
        article = (await visitor.list_articles())[-1]
        assert "<b>bold</b>" in article
        assert "<code>&lt;b&gt;</code>" in article
        assert '<a href="https://example.org" rel="noreferrer noopener" target="_blank">there</a>' in article
        assert 'href="javascript' not in article
        assert "*plain*" in article

    @pytest.mark.parametrize(
        "content", ["<t:-999999999999>", "<t:999999999999:R>", "<@1> <#2> <@&3>", "``` ` ** __", "[x]("]
    )
    async def test_unusual_content_does_not_break_the_page(self, visitor, content):
        await visitor.perform("say", content=content)
        assert len(await visitor.list_articles()) == 1

    @pytest.mark.parametrize("body", [{}, {"content": []}, {"content": "x", "reply_to": ["x"]}])
    async def test_invalid_body_gets_an_explanation(self, visitor, body):
        response = await visitor.try_action("say", **body)
        assert response.status_code in (200, 400)
        assert "Traceback" not in response.text

    async def test_a_reply_shows_its_reference(self, visitor):
        first_id = (await visitor.perform("say", content="What grows here?"))["id"]
        await visitor.perform("say", content="Roses", reply_to=first_id)
        article = (await visitor.list_articles())[-1]
        assert "What grows here?" in article
        assert "Roses" in article

    async def test_own_messages_can_be_edited_and_deleted(self, visitor, bot):
        id_ = (await visitor.perform("say", content="helo"))["id"]
        await visitor.perform("edit", message_id=id_, content="hello")
        assert texts.EDITED in (await visitor.list_articles())[-1]
        await visitor.perform("delete", message_id=id_)
        assert not await visitor.list_articles()
        await wait_until(
            lambda: ("edit", int(id_)) in bot.recorded_events and ("delete", int(id_)) in bot.recorded_events
        )

    async def test_messages_of_others_cannot_be_edited_or_deleted_without_permission(self, sim, visitor, server):
        message_id = await asyncio.to_thread(sim.client.send_message, server.channel, server.owner, content="mine")
        assert (await visitor.try_action("edit", message_id=str(message_id), content="x")).status_code == 403
        assert (await visitor.try_action("delete", message_id=str(message_id))).status_code == 403
        role = await asyncio.to_thread(sim.client.create_role, server.id, "Mods", permissions=MANAGE_MESSAGES)
        await asyncio.to_thread(sim.client.set_roles, server.id, server.member, [role])
        assert (await visitor.try_action("delete", message_id=str(message_id))).status_code == 200

    @pytest.mark.parametrize("content", ["", "   ", "x" * 2001])
    async def test_empty_or_too_long_message_is_refused(self, visitor, content):
        assert (await visitor.try_action("say", content=content)).status_code == 400

    async def test_channel_without_write_permission_shows_no_message_box(self, sim, visitor, server):
        mute = {"id": str(server.id), "type": 0, "deny": 1 << 11}
        await asyncio.to_thread(
            sim.client.call, "channel/overwrites", channel_id=str(server.channel), overwrites=[mute]
        )
        assert 'id="composer"' not in await visitor.fetch_page()
        assert (await visitor.try_action("say", content="hello")).status_code == 403

    async def test_reaction_is_toggled(self, visitor):
        id_ = (await visitor.perform("say", content="hello"))["id"]
        await visitor.perform("react", message_id=id_, emoji="🌱")
        assert re.search(r'class="count mine"[^>]*>🌱<b>1</b>', (await visitor.list_articles())[-1])
        await visitor.perform("react", message_id=id_, emoji="🌱")
        assert 'class="count' not in (await visitor.list_articles())[-1]

    async def test_thread_is_created_from_a_message_once(self, visitor, bot):
        id_ = (await visitor.perform("say", content="This needs a thread"))["id"]
        payload = await visitor.perform("thread", name="Details", message_id=id_)
        assert payload["go"].endswith(f"/{id_}")
        await wait_until(lambda: ("thread", int(id_)) in bot.recorded_events)
        assert (await visitor.try_action("thread", name="Again", message_id=id_)).status_code == 400
        visitor.channel = int(id_)
        await visitor.perform("say", content="Inside")
        assert "Inside" in (await visitor.list_articles())[-1]

    async def test_generated_message_shows_its_length(self, sim, visitor, server):
        await asyncio.to_thread(sim.client.send_message, server.channel, server.owner, length=143)
        assert texts.format_generated_text(143) in (await visitor.list_articles())[-1]


class TestVoice:
    async def test_member_joins_changes_and_leaves_voice(self, sim, visitor, server):
        lounge = await asyncio.to_thread(sim.client.create_channel, server.id, "Lounge", type_=2)
        await visitor.perform("voice", to=str(lounge))
        assert texts.VOICE_CONNECTED in await visitor.fetch_page()
        await visitor.perform("voice", toggle="streaming")
        assert f">{texts.LIVE}<" in await visitor.fetch_page()
        await visitor.perform("voice", to=None)
        page = await visitor.fetch_page()
        assert texts.VOICE_CONNECTED not in page
        assert f">{texts.LIVE}<" not in page


@pytest.mark.usefixtures("bot")
class TestCommands:
    async def test_commands_page_lists_only_permitted_commands(self, visitor):
        commands_page = (await visitor.browser.get(f"/_play/{visitor.channel}/commands")).text
        assert 'data-words="stats"' in commands_page
        assert 'data-words="features enable"' in commands_page
        assert 'data-words="features"' not in commands_page

    async def test_response_with_an_image_shows_the_image(self, visitor):
        payload = await visitor.perform("command", command="stats", options={})
        assert payload["answered"]
        article = (await visitor.list_articles())[-1]
        image_url = re.search(r'<img src="(/cdn/attachments/[^"]+)" alt="A line that goes up"', article)[1]
        assert (await visitor.browser.get(image_url)).content == CHART_PNG
        assert texts.USED in article
        assert "/stats" in article

    async def test_button_edits_the_message(self, visitor):
        await visitor.perform("command", command="stats", options={})
        article = (await visitor.list_articles())[-1]
        assert 'data-click="thirty"' in article
        await visitor.perform("click", message_id=get_message_id(article), custom_id="thirty")
        assert "30 days" in (await visitor.list_articles())[-1]

    async def test_ephemeral_response_is_visible_only_to_its_user_until_dismissed(self, visitor, server):
        await visitor.perform("command", command="stats", options={})
        await visitor.perform(
            "click", message_id=get_message_id((await visitor.list_articles())[-1]), custom_id="explain"
        )
        article = (await visitor.list_articles())[-1]
        assert "Because." in article
        assert texts.ONLY_YOU in article
        await visitor.log_in_as(server.owner)
        assert "Because." not in await visitor.fetch_page()
        await visitor.perform("dismiss", message_id=get_message_id(article))
        await visitor.log_in_as(server.member)
        assert "Because." in await visitor.fetch_page()
        await visitor.perform("dismiss", message_id=get_message_id(article))
        assert "Because." not in await visitor.fetch_page()

    async def test_autocomplete_shows_the_suggestions_of_the_bot(self, visitor):
        payload = await visitor.perform(
            "autocomplete", command="features enable", options={"feature": "ch"}, focused="feature"
        )
        assert [choice["value"] for choice in payload["choices"]] == ["charts"]

    async def test_mentionable_option_suggests_members_roles_and_everyone(self, sim, visitor, server):
        await asyncio.to_thread(sim.client.create_role, server.id, "Keeper of keys")
        commands_page = (await visitor.browser.get(f"/_play/{visitor.channel}/commands")).text
        assert 'data-suggest="mentionables"' in commands_page
        payload = await visitor.perform("mentionables", q="")
        assert payload["choices"][0] == {"name": "@everyone", "value": str(server.id)}
        assert str(server.member) in [choice["value"] for choice in payload["choices"]]
        assert [choice["name"] for choice in (await visitor.perform("mentionables", q="@keep"))["choices"]] == [
            "@Keeper of keys"
        ]

    async def test_selects_of_every_kind_can_be_used(self, visitor):
        await visitor.perform("command", command="choose", options={})
        article = (await visitor.list_articles())[-1]
        assert all(f'data-select="{kind}"' in article for kind in ("text", "user", "role", "mentionable", "channel"))
        assert "#general" in article
        await visitor.perform("click", message_id=get_message_id(article), custom_id="text", values=["b", "c"])
        assert "b c" in (await visitor.list_articles())[-1]

    async def test_form_is_shown_and_submitted(self, visitor):
        form = (await visitor.perform("command", command="note", options={}))["form"]
        assert 'maxlength="20"' in form
        interaction_id = re.search(r'data-interaction="(\d+)"', form)[1]
        await visitor.perform("submit", interaction_id=interaction_id, values={"note": "water the fern"})
        assert "water the fern" in (await visitor.list_articles())[-1]

    async def test_server_without_the_bot_shows_how_to_add_it(self, sim, visitor, server):
        guild_without_bot = await asyncio.to_thread(sim.client.create_guild, "Without a bot", bot=False)
        visitor.channel = await asyncio.to_thread(sim.client.create_channel, guild_without_bot, "general")
        await visitor.log_in_as(server.owner)
        assert texts.NO_COMMANDS in (await visitor.browser.get(f"/_play/{visitor.channel}/commands")).text
        assert f"guild_id={guild_without_bot}" in await visitor.fetch_page()


@pytest.mark.usefixtures("bot")
class TestDirectMessages:
    async def test_unread_direct_messages_are_counted_until_opened(self, visitor, server, bot):
        assert 'class="unread"' not in await visitor.fetch_page()
        user = await bot.fetch_user(server.member)
        await user.send("One")
        await user.send("Two", view=DirectMessageView())
        assert 'class="unread">2<' in await visitor.fetch_page()
        page = (await visitor.browser.get("/channels/@me", follow_redirects=True)).text
        assert "Two" in page
        assert 'data-click="letter"' in page
        assert 'class="unread"' not in await visitor.fetch_page()

    async def test_button_and_reply_work_in_a_direct_message(self, sim, visitor, server, bot):
        await (await bot.fetch_user(server.member)).send("May they?", view=DirectMessageView())
        visitor.channel = await asyncio.to_thread(sim.client.open_direct_channel, server.member)
        await visitor.perform(
            "click", message_id=get_message_id((await visitor.list_articles())[-1]), custom_id="letter"
        )
        assert "in DMChannel None True" in (await visitor.list_articles())[-1]
        await visitor.perform("say", content="Thank you")
        assert "Thank you" in (await visitor.list_articles())[-1]

    async def test_channel_mention_in_a_direct_message_shows_its_name(self, sim, visitor, server, bot):
        await (await bot.fetch_user(server.member)).send(f"You tried it in <#{server.channel}>.")
        visitor.channel = await asyncio.to_thread(sim.client.open_direct_channel, server.member)
        assert ">#general<" in (await visitor.list_articles())[-1]

    async def test_command_can_run_in_a_direct_message(self, sim, visitor, server):
        visitor.channel = await asyncio.to_thread(sim.client.open_direct_channel, server.member)
        assert 'data-words="slow"' in (await visitor.browser.get(f"/_play/{visitor.channel}/commands")).text
        await visitor.perform("command", command="slow", options={"quiet": True})
        assert any("first" in article and texts.ONLY_YOU in article for article in await visitor.list_articles())

    async def test_direct_channel_of_another_user_looks_missing(self, sim, visitor, server):
        foreign_channel = await asyncio.to_thread(sim.client.open_direct_channel, server.owner)
        assert (await visitor.browser.get(f"/channels/@me/{foreign_channel}")).status_code == 404
        visitor.channel = foreign_channel
        assert (await visitor.try_action("say", content="hello")).status_code == 404

    async def test_user_can_turn_direct_messages_off(self, visitor, server, bot):
        await visitor.perform("reachable", on=False)
        with pytest.raises(discord.Forbidden):
            await (await bot.fetch_user(server.member)).send("One")
        await visitor.perform("reachable", on=True)
        await (await bot.fetch_user(server.member)).send("One")
        assert 'class="unread">1<' in await visitor.fetch_page()


class TestLive:
    async def test_open_page_receives_updates(self, sim, visitor, server):
        updates: list[str] = []

        async def read_stream() -> None:
            async with visitor.browser.stream("GET", f"/_play/{visitor.channel}/live") as stream:
                async for line in stream.aiter_lines():
                    updates.extend([orjson.loads(line.removeprefix("data: "))] if line.startswith("data: ") else [])

        stream_task = asyncio.create_task(read_stream())
        await wait_until(lambda: len(updates) >= 3)
        await asyncio.to_thread(sim.client.send_message, server.channel, server.owner, content="News!")
        await wait_until(lambda: any("News!" in update for update in updates))
        stream_task.cancel()

    async def test_open_page_does_not_block_shutdown(self, own_sim):
        guild = own_sim.client.create_guild("Stopping")
        channel = own_sim.client.create_channel(guild, "general")
        async with httpx.AsyncClient(base_url=own_sim.url, timeout=30) as browser:
            visitor = PageClient(browser, channel)
            await visitor.log_in_as(own_sim.client.join(guild, "Ada"))
            async with browser.stream("GET", f"/_play/{channel}/live") as stream:
                await anext(stream.aiter_lines())
                assert await asyncio.to_thread(own_sim.stop) == 0


class TestChaos:
    async def test_faults_can_be_set_shown_and_disabled(self, visitor):
        page = (await visitor.browser.get("/chaos")).text
        fields = {f"{name}-share": "0" for name in re.findall(r'<select name="(\w+)-share"', page)}
        assert len(fields) == 9
        fields |= {"double-share": "25", "limit-next": "3", "proof": visitor.proof, "form": "often"}
        assert (await visitor.browser.post("/chaos", data=fields)).status_code == 303
        page = (await visitor.browser.get("/chaos")).text
        assert '<option value="25" selected>' in page
        assert 'name="limit-next" min="0" max="9999" value="3"' in page
        await visitor.browser.post("/chaos", data={"proof": visitor.proof, "form": "off"})
        assert f">{chaos.FAULTS_OFF}<" in (await visitor.browser.get("/_play/chaos")).text

    @pytest.mark.parametrize("action", ["drop", "reconnect", "resumable"])
    async def test_bot_resumes_after_a_connection_fault(self, visitor, bot, action):
        await visitor.browser.post("/chaos", data={"proof": visitor.proof, "form": "once", "action": action})
        await wait_until(lambda: ("resumed", 0) in bot.recorded_events, 20)

    async def test_privileged_intents_can_be_granted_and_revoked(self, visitor):
        all_intents = {"members": "on", "presences": "on", "message_content": "on"}
        for granted in ({"members": "on"}, all_intents):
            form = {"proof": visitor.proof, "form": "intents", **granted}
            assert (await visitor.browser.post("/chaos", data=form)).status_code == 303
            page = (await visitor.browser.get("/chaos")).text
            assert ('name="presences" checked' in page) is ("presences" in granted)
