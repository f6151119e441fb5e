"""A person acts as a member in a browser, and the bot hears of it as of any other member."""

import asyncio
import re
from collections.abc import AsyncIterator

import discord
import httpx
import orjson
import pytest

from herwa_sim.world import PERSONAS
from tests.sim.bot import until
from tests.sim.commands import CHART, Letter
from tests.sim.visitor import proof_in

HOSTILE = "<img src=x onerror=alert(1)> \"quoted\" 'too' <script>alert(2)</script>"
MODERATE = 1 << 13


class Visitor:
    """A browser without a screen, on one channel's page."""

    def __init__(self, browser: httpx.AsyncClient, channel: int) -> None:
        self.browser = browser
        self.channel = channel
        self.proof = ""

    async def be(self, user_id: int) -> None:
        self.proof = proof_in((await self.browser.get("/who")).text)
        answered = await self.browser.post("/who", data={"proof": self.proof, "who": str(user_id)})
        assert answered.status_code == 303

    async def page(self) -> str:
        """The channel's page as the server makes it."""
        return (await self.browser.get(f"/channels/0/{self.channel}")).text

    async def act(self, deed: str, **body: object) -> dict:
        answered = await self.try_to(deed, **body)
        assert answered.status_code == 200, answered.text
        return answered.json()

    async def try_to(self, deed: str, **body: object) -> httpx.Response:
        address = f"/_play/{self.channel}/{deed}"
        return await self.browser.post(address, json=body, headers={"X-Proof": self.proof})

    async def messages(self) -> list[str]:
        """The articles on the page, oldest first."""
        return re.findall(r"<article.*?</article>", await self.page(), re.DOTALL)


@pytest.fixture
async def visitor(sim, place) -> AsyncIterator[Visitor]:
    async with httpx.AsyncClient(base_url=sim.url, timeout=30) as browser:
        made = Visitor(browser, place.channel)
        await made.be(place.member)
        yield made


def id_of(article: str) -> str:
    return re.search(r'id="m(\d+)"', article)[1]


class TestBeingSomebody:
    async def test_one_has_to_choose_first(self, sim, place):
        async with httpx.AsyncClient(base_url=sim.url) as browser:
            assert (await browser.get("/")).headers["Location"] == "/who"
            assert (await browser.get(f"/channels/0/{place.channel}")).headers["Location"] == "/who"
            assert (await browser.get(f"/_play/{place.channel}/live")).status_code == 401

    async def test_one_starts_in_ones_own_server(self, visitor, place):
        front = await visitor.browser.get("/", follow_redirects=True)
        assert str(front.url).endswith(f"/channels/{place.guild}/{place.channel}")

    async def test_a_stranger_sees_no_channel_of_it(self, visitor, place):
        await visitor.be(PERSONAS["stranger"])
        there = await visitor.browser.get(f"/channels/{place.guild}/{place.channel}")
        nowhere = await visitor.browser.get(f"/channels/{place.guild}/{place.channel + 1}")
        assert (there.status_code, there.text) == (404, nowhere.text)
        assert (await visitor.try_to("say", content="hello")).status_code == 404

    async def test_a_channel_that_a_member_may_not_see_is_not_there(self, sim, visitor, place):
        hide = {"id": str(place.guild), "type": 0, "deny": 1 << 10}
        secret = await asyncio.to_thread(sim.client.create_channel, place.guild, "secret-plans")
        await asyncio.to_thread(sim.client.call, "channel/overwrites", channel_id=str(secret), overwrites=[hide])
        assert "secret-plans" not in await visitor.page()
        visitor.channel = secret
        assert (await visitor.try_to("say", content="hello")).status_code == 404

    async def test_another_site_can_do_nothing(self, visitor):
        visitor.proof = "0" * 64
        assert (await visitor.try_to("say", content="hello")).status_code == 403
        posted = await visitor.browser.post("/who", data={"who": str(PERSONAS["owner"])})
        assert posted.status_code == 403
        assert (await visitor.browser.post("/chaos", data={"form": "once", "deed": "drop"})).status_code == 403

    async def test_the_policy_lets_no_foreign_script_in(self, visitor):
        page = await visitor.browser.get(f"/channels/0/{visitor.channel}")
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?! src=)| on\w+=| style=", page.text)


class TestWriting:
    async def test_what_is_written_reaches_the_bot(self, visitor, place, bot):
        await visitor.act("say", content="Hello, everybody")
        await until(lambda: any(one.author.id == place.member for one in bot.messages))
        assert "Hello, everybody" in (await visitor.messages())[-1]

    async def test_hostile_text_and_names_stay_text(self, sim, visitor, place):
        hostile = await asyncio.to_thread(sim.client.join, place.guild, HOSTILE)
        await asyncio.to_thread(sim.client.create_thread, place.channel, HOSTILE)
        await visitor.be(hostile)
        await visitor.act("say", content=HOSTILE)
        page = await visitor.page()
        assert "<img src=x" not in page
        assert "<script>alert" not in page
        assert page.count("&lt;img src=x onerror=alert(1)&gt;") > 3

    async def test_signs_become_what_discord_makes_of_them(self, visitor):
        await visitor.act(
            "say", content="**bold** `<b>` [there](https://example.org) [no](javascript:alert(1)) \\*plain\\*"
        )
        said = (await visitor.messages())[-1]
        assert "<b>bold</b>" in said
        assert "<code>&lt;b&gt;</code>" in said
        assert '<a href="https://example.org" rel="noreferrer noopener" target="_blank">there</a>' in said
        assert 'href="javascript' not in said
        assert "*plain*" in said

    @pytest.mark.parametrize(
        "content", ["<t:-999999999999>", "<t:999999999999:R>", "<@1> <#2> <@&3>", "``` ` ** __", "[x]("]
    )
    async def test_nothing_that_is_written_breaks_the_page(self, visitor, content):
        await visitor.act("say", content=content)
        assert len(await visitor.messages()) == 1

    @pytest.mark.parametrize("body", [{}, {"content": []}, {"content": "x", "reply_to": ["x"]}])
    async def test_what_cannot_be_understood_is_said_in_words(self, visitor, body):
        answered = await visitor.try_to("say", **body)
        assert answered.status_code in (200, 400)
        assert "Traceback" not in answered.text

    async def test_a_reply_shows_what_it_answers(self, visitor):
        first = (await visitor.act("say", content="What grows here?"))["id"]
        await visitor.act("say", content="Roses", reply_to=first)
        said = (await visitor.messages())[-1]
        assert "What grows here?" in said
        assert "Roses" in said

    async def test_ones_own_words_can_be_changed_and_taken_back(self, visitor, bot):
        id_ = (await visitor.act("say", content="helo"))["id"]
        await visitor.act("edit", message_id=id_, content="hello")
        assert "(edited)" in (await visitor.messages())[-1]
        await visitor.act("delete", message_id=id_)
        assert not await visitor.messages()
        await until(lambda: ("edit", int(id_)) in bot.told and ("delete", int(id_)) in bot.told)

    async def test_those_of_others_cannot(self, sim, visitor, place):
        theirs = await asyncio.to_thread(sim.client.say, place.channel, place.owner, content="mine")
        assert (await visitor.try_to("edit", message_id=str(theirs), content="x")).status_code == 403
        assert (await visitor.try_to("delete", message_id=str(theirs))).status_code == 403
        role = await asyncio.to_thread(sim.client.create_role, place.guild, "Mods", permissions=MODERATE)
        await asyncio.to_thread(sim.client.set_roles, place.guild, place.member, [role])
        assert (await visitor.try_to("delete", message_id=str(theirs))).status_code == 200

    @pytest.mark.parametrize("content", ["", "   ", "x" * 2001])
    async def test_too_little_and_too_much_is_refused(self, visitor, content):
        assert (await visitor.try_to("say", content=content)).status_code == 400

    async def test_where_one_may_not_write_there_is_no_box(self, sim, visitor, place):
        mute = {"id": str(place.guild), "type": 0, "deny": 1 << 11}
        await asyncio.to_thread(sim.client.call, "channel/overwrites", channel_id=str(place.channel), overwrites=[mute])
        assert "may not write in this channel" in await visitor.page()
        assert (await visitor.try_to("say", content="hello")).status_code == 403

    async def test_a_reaction_is_given_and_taken_back(self, visitor):
        id_ = (await visitor.act("say", content="hello"))["id"]
        await visitor.act("react", message_id=id_, emoji="🌱")
        assert re.search(r'class="count mine"[^>]*>🌱<b>1</b>', (await visitor.messages())[-1])
        await visitor.act("react", message_id=id_, emoji="🌱")
        assert 'class="count' not in (await visitor.messages())[-1]

    async def test_a_thread_is_opened_where_a_message_is(self, visitor, bot):
        id_ = (await visitor.act("say", content="This needs room"))["id"]
        told = await visitor.act("thread", name="Room", message_id=id_)
        assert told["go"].endswith(f"/{id_}")
        await until(lambda: ("thread", int(id_)) in bot.told)
        assert (await visitor.try_to("thread", name="Again", message_id=id_)).status_code == 400
        visitor.channel = int(id_)
        await visitor.act("say", content="Inside")
        assert "Inside" in (await visitor.messages())[-1]

    async def test_filler_is_bars_and_says_how_much_it_is(self, sim, visitor, place):
        await asyncio.to_thread(sim.client.say, place.channel, place.owner, length=143)
        assert "143 characters that nobody reads" in (await visitor.messages())[-1]


class TestVoice:
    async def test_one_comes_changes_and_goes(self, sim, visitor, place):
        lounge = await asyncio.to_thread(sim.client.create_channel, place.guild, "Lounge", type_=2)
        await visitor.act("voice", to=str(lounge))
        assert "Voice connected" in await visitor.page()
        await visitor.act("voice", toggle="streaming")
        assert ">LIVE<" in await visitor.page()
        await visitor.act("voice", to=None)
        page = await visitor.page()
        assert "Voice connected" not in page
        assert ">LIVE<" not in page


@pytest.mark.usefixtures("bot")
class TestCommands:
    async def test_only_what_the_member_may_run_is_listed(self, visitor):
        listed = (await visitor.browser.get(f"/_play/{visitor.channel}/commands")).text
        assert 'data-words="stats"' in listed
        assert 'data-words="features enable"' in listed
        assert 'data-words="features"' not in listed

    async def test_an_answer_with_a_picture_shows_it(self, visitor):
        told = await visitor.act("command", command="stats", options={})
        assert told["answered"]
        answer = (await visitor.messages())[-1]
        address = re.search(r'<img src="(/cdn/attachments/[^"]+)" alt="A line that goes up"', answer)[1]
        assert (await visitor.browser.get(address)).content == CHART
        assert "used" in answer
        assert "/stats" in answer

    async def test_a_button_changes_the_answer(self, visitor):
        await visitor.act("command", command="stats", options={})
        answer = (await visitor.messages())[-1]
        assert 'data-click="thirty"' in answer
        await visitor.act("click", message_id=id_of(answer), custom_id="thirty")
        assert "30 days" in (await visitor.messages())[-1]

    async def test_an_ephemeral_answer_is_before_ones_own_eyes_alone_until_dismissed(self, visitor, place):
        await visitor.act("command", command="stats", options={})
        await visitor.act("click", message_id=id_of((await visitor.messages())[-1]), custom_id="explain")
        seen = (await visitor.messages())[-1]
        assert "Because." in seen
        assert "Only you can see this" in seen
        await visitor.be(place.owner)
        assert "Because." not in await visitor.page()
        await visitor.act("dismiss", message_id=id_of(seen))
        await visitor.be(place.member)
        assert "Because." in await visitor.page()
        await visitor.act("dismiss", message_id=id_of(seen))
        assert "Because." not in await visitor.page()

    async def test_typing_is_answered_with_what_the_bot_suggests(self, visitor):
        told = await visitor.act(
            "autocomplete", command="features enable", options={"feature": "ch"}, focused="feature"
        )
        assert [one["value"] for one in told["choices"]] == ["charts"]

    async def test_roles_and_everyone_are_suggested_beside_members(self, sim, visitor, place):
        await asyncio.to_thread(sim.client.create_role, place.guild, "Keeper of keys")
        listed = (await visitor.browser.get(f"/_play/{visitor.channel}/commands")).text
        assert 'data-suggest="mentionables"' in listed
        told = await visitor.act("mentionables", q="")
        assert told["choices"][0] == {"name": "@everyone", "value": str(place.guild)}
        assert str(place.member) in [one["value"] for one in told["choices"]]
        assert [one["name"] for one in (await visitor.act("mentionables", q="@keep"))["choices"]] == ["@Keeper of keys"]

    async def test_selects_of_every_kind_offer_and_choose(self, visitor):
        await visitor.act("command", command="choose", options={})
        answer = (await visitor.messages())[-1]
        assert all(f'data-select="{kind}"' in answer for kind in ("text", "user", "role", "mentionable", "channel"))
        assert "#general" in answer
        await visitor.act("click", message_id=id_of(answer), custom_id="text", values=["b", "c"])
        assert "b c" in (await visitor.messages())[-1]

    async def test_a_form_is_shown_and_sent(self, visitor):
        form = (await visitor.act("command", command="note", options={}))["form"]
        assert 'maxlength="20"' in form
        opened = re.search(r'data-interaction="(\d+)"', form)[1]
        await visitor.act("submit", interaction_id=opened, values={"note": "water the fern"})
        assert "water the fern" in (await visitor.messages())[-1]

    async def test_a_server_without_the_bot_says_so_and_how_to_add_it(self, sim, visitor, place):
        lonely = await asyncio.to_thread(sim.client.create_guild, "Without a bot", bot=False)
        visitor.channel = await asyncio.to_thread(sim.client.create_channel, lonely, "general")
        await visitor.be(place.owner)
        assert "has no commands here" in (await visitor.browser.get(f"/_play/{visitor.channel}/commands")).text
        assert f"guild_id={lonely}" in await visitor.page()


@pytest.mark.usefixtures("bot")
class TestDirectMessages:
    async def test_what_is_unread_is_counted_until_it_is_looked_at(self, visitor, place, bot):
        assert 'class="unread"' not in await visitor.page()
        user = await bot.fetch_user(place.member)
        await user.send("One")
        await user.send("Two", view=Letter())
        assert 'class="unread">2<' in await visitor.page()
        there = (await visitor.browser.get("/channels/@me", follow_redirects=True)).text
        assert "Two" in there
        assert 'data-click="letter"' in there
        assert 'class="unread"' not in await visitor.page()

    async def test_a_question_is_answered_there(self, sim, visitor, place, bot):
        await (await bot.fetch_user(place.member)).send("May they?", view=Letter())
        visitor.channel = await asyncio.to_thread(sim.client.direct_channel, place.member)
        await visitor.act("click", message_id=id_of((await visitor.messages())[-1]), custom_id="letter")
        assert "in DMChannel None True" in (await visitor.messages())[-1]
        await visitor.act("say", content="Thank you")
        assert "Thank you" in (await visitor.messages())[-1]

    async def test_a_channel_that_is_mentioned_there_has_its_name(self, sim, visitor, place, bot):
        await (await bot.fetch_user(place.member)).send(f"You tried it in <#{place.channel}>.")
        visitor.channel = await asyncio.to_thread(sim.client.direct_channel, place.member)
        assert ">#general<" in (await visitor.messages())[-1]

    async def test_a_command_can_be_run_there(self, sim, visitor, place):
        visitor.channel = await asyncio.to_thread(sim.client.direct_channel, place.member)
        assert 'data-words="slow"' in (await visitor.browser.get(f"/_play/{visitor.channel}/commands")).text
        await visitor.act("command", command="slow", options={"quiet": True})
        assert any("first" in one and "Only you can see this" in one for one in await visitor.messages())

    async def test_a_conversation_belongs_to_one_person(self, sim, visitor, place):
        theirs = await asyncio.to_thread(sim.client.direct_channel, place.owner)
        assert (await visitor.browser.get(f"/channels/@me/{theirs}")).status_code == 404
        visitor.channel = theirs
        assert (await visitor.try_to("say", content="hello")).status_code == 404

    async def test_who_wants_none_says_so(self, visitor, place, bot):
        await visitor.act("reachable", on=False)
        with pytest.raises(discord.Forbidden):
            await (await bot.fetch_user(place.member)).send("One")
        await visitor.act("reachable", on=True)
        await (await bot.fetch_user(place.member)).send("One")
        assert 'class="unread">1<' in await visitor.page()


class TestLive:
    async def test_an_open_page_is_told_what_changes(self, sim, visitor, place):
        seen: list[str] = []

        async def look() -> None:
            async with visitor.browser.stream("GET", f"/_play/{visitor.channel}/live") as stream:
                async for line in stream.aiter_lines():
                    seen.extend([orjson.loads(line.removeprefix("data: "))] if line.startswith("data: ") else [])

        looking = asyncio.create_task(look())
        await until(lambda: len(seen) >= 3)
        await asyncio.to_thread(sim.client.say, place.channel, place.owner, content="News!")
        await until(lambda: any("News!" in one for one in seen))
        looking.cancel()

    async def test_an_open_page_does_not_keep_the_local_discord_from_stopping(self, own_sim):
        guild = own_sim.client.create_guild("Stopping")
        channel = own_sim.client.create_channel(guild, "general")
        async with httpx.AsyncClient(base_url=own_sim.url, timeout=30) as browser:
            visitor = Visitor(browser, channel)
            await visitor.be(own_sim.client.join(guild, "Ada"))
            async with browser.stream("GET", f"/_play/{channel}/live") as stream:
                await anext(stream.aiter_lines())
                assert await asyncio.to_thread(own_sim.stop) == 0


class TestChaos:
    async def test_switches_are_set_shown_and_off_again(self, visitor):
        page = (await visitor.browser.get("/chaos")).text
        fields = {f"{name}-share": "0" for name in re.findall(r'<select name="(\w+)-share"', page)}
        assert len(fields) == 8
        fields |= {"double-share": "25", "limit-next": "3", "proof": visitor.proof, "form": "often"}
        assert (await visitor.browser.post("/chaos", data=fields)).status_code == 303
        page = (await visitor.browser.get("/chaos")).text
        assert '<option value="25" selected>' in page
        assert 'name="limit-next" min="0" max="9999" value="3"' in page
        await visitor.browser.post("/chaos", data={"proof": visitor.proof, "form": "off"})
        assert "is off" in (await visitor.browser.get("/_play/chaos")).text

    @pytest.mark.parametrize("deed", ["drop", "reconnect", "resumable"])
    async def test_a_disturbed_bot_resumes(self, visitor, bot, deed):
        await visitor.browser.post("/chaos", data={"proof": visitor.proof, "form": "once", "deed": deed})
        await until(lambda: ("resumed", 0) in bot.told, 20)

    async def test_privileged_intents_are_granted_and_taken(self, visitor):
        every = {"members": "on", "presences": "on", "message_content": "on"}
        for granted in ({"members": "on"}, every):
            form = {"proof": visitor.proof, "form": "intents", **granted}
            assert (await visitor.browser.post("/chaos", data=form)).status_code == 303
            page = (await visitor.browser.get("/chaos")).text
            assert ('name="presences" checked' in page) is ("presences" in granted)
