"""What a stranger tries with the pages' own protocol: every handler, another's tab, a session that is over."""

import asyncio
import json

import pytest

from tests.web.endpoints import Endpoint, endpoints
from tests.web.handlers import HANDLERS
from tests.web.people import People, Place
from tests.web.site import Site
from tests.web.tab import HYDRATE, HYDRATE_AND_LOAD, Tab, tab

NONSENSE = ("", "0", "-1", "9" * 40, "1 OR 1=1", "../..", "\0", "١٢٣")


def ours() -> list[Endpoint]:
    return [one for one in endpoints() if one.ours]


async def look_at(visitor: Tab, where: Place) -> None:
    """Open the server's page."""
    await visitor.say(HYDRATE_AND_LOAD, path=f"/g/{where.id}")
    await visitor.until_done()


async def see(visitor: Tab, where: Place) -> None:
    """Open the server's page as one who may, and see that it is there."""
    await look_at(visitor, where)
    await visitor.until(lambda: where.canary in visitor.text(), "the server's name")


async def call_everything(visitor: Tab, guild_id: str) -> None:
    """Every handler of ours, with the server's id wherever an id could go, and after each the state anew."""
    for path in (f"/g/{guild_id}", "/"):
        for endpoint in ours():
            await visitor.say(endpoint.name, endpoint.payload(guild_id), path=path)
        await visitor.until_done()
    await asyncio.sleep(1)  # those that work in the background may say something still
    await visitor.say(HYDRATE, path=f"/g/{guild_id}")
    await visitor.until_done()


def test_every_handler_of_ours_is_listed():
    assert {one.title for one in ours()} == HANDLERS


async def test_the_manager_sees_what_strangers_shall_not(web: Site, people: People):
    where = await people.place()
    manager = await people.somebody(where)
    async with tab(web, secret=manager.secret) as visitor:
        await see(visitor, where)


async def test_no_handler_tells_a_visitor_anything_about_a_server(web: Site, people: People):
    where = await people.place()
    async with tab(web) as visitor:
        await look_at(visitor, where)
        await call_everything(visitor, str(where.id))
        assert where.canary not in visitor.text()


async def test_no_handler_tells_a_stranger_anything_about_a_server(web: Site, people: People):
    where, own = await people.place(), await people.place()
    stranger = await people.somebody(own)
    async with tab(web, secret=stranger.secret) as visitor:
        await see(visitor, own)
        await look_at(visitor, where)
        await call_everything(visitor, str(where.id))
        assert where.canary not in visitor.text()


async def test_members_who_do_not_manage_are_strangers(web: Site, people: People):
    where = await people.place()
    member = await people.somebody(where, permissions=1 << 10)
    async with tab(web, secret=member.secret) as visitor:
        await look_at(visitor, where)
        await call_everything(visitor, str(where.id))
        assert where.canary not in visitor.text()


async def test_another_server_and_one_that_does_not_exist_are_answered_alike(web: Site, people: People):
    where = await people.place()
    stranger = await people.somebody()
    heard = []
    for guild_id in (str(where.id), str(where.id + 1)):
        async with tab(web, secret=stranger.secret) as visitor:
            await visitor.say(HYDRATE_AND_LOAD, path=f"/g/{guild_id}")
            await visitor.until_done()
            heard.append(visitor.text().replace(guild_id, "ID").replace(visitor.token, "TOKEN"))
    assert without_the_connection(heard[0]) == without_the_connection(heard[1])


def without_the_connection(text: str) -> list:
    """What was sent, without what Reflex knows of each connection."""
    kept = []
    for message in json.loads(text):
        for state, changes in message.get("delta", {}).items():
            kept.append((state, {name: value for name, value in changes.items() if not name.startswith("rx_router")}))
        kept.append([(event["name"], event["payload"]) for event in message.get("events", [])])
    return kept


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_ids_that_are_none_are_answered_with_words(web: Site, people: People, nonsense):
    stranger = await people.somebody(await people.place())
    async with tab(web, secret=stranger.secret) as visitor:
        await visitor.say(HYDRATE)
        for endpoint in ours():
            await visitor.say(endpoint.name, endpoint.payload(nonsense), path=f"/g/{nonsense}")
        await visitor.until_done()
        assert "Traceback" not in visitor.text()


async def test_arguments_of_a_wrong_kind_are_answered_with_words(web: Site, people: People):
    where = await people.place()
    manager = await people.somebody(where)
    async with tab(web, secret=manager.secret) as visitor:
        await see(visitor, where)
        for endpoint in ours():
            for wrong in (None, [], {}, 1e308, "x" * 5_000, {"a": {"b": []}}):
                await visitor.say(endpoint.name, dict.fromkeys(endpoint.parameters, wrong), path=f"/g/{where.id}")
            await visitor.say(endpoint.name, {"no_such": 1}, path=f"/g/{where.id}")
        await visitor.until_done()
        assert "Traceback" not in visitor.text()
        assert 'File \\"' not in visitor.text()


async def test_a_tab_taken_over_without_its_session_shows_nothing_of_before(web: Site, people: People):
    where = await people.place()
    manager, other = await people.somebody(where), await people.somebody()
    async with tab(web, secret=manager.secret) as first:
        await see(first, where)
    for secret in (None, other.secret):
        async with tab(web, secret=secret, token=first.token) as second:
            for event in (HYDRATE, HYDRATE_AND_LOAD):
                await second.say(event, path=f"/g/{where.id}")
                await second.until_done()
            await call_everything(second, str(where.id))
            assert where.canary not in second.text()


async def test_once_a_session_is_over_its_open_tab_is_told_nothing_more(web: Site, people: People):
    where = await people.place()
    manager = await people.somebody(where)
    async with tab(web, secret=manager.secret) as visitor:
        await see(visitor, where)
        await people.log_out(manager)
        before = len(visitor.heard)
        await visitor.say(HYDRATE, path=f"/g/{where.id}")
        await asyncio.wait_for(visitor.closed.wait(), 30)
        assert where.canary not in json.dumps(visitor.heard[before:])
    async with tab(web, secret=manager.secret, token=visitor.token) as again:
        await look_at(again, where)
        assert where.canary not in again.text()


async def test_whoever_brings_a_session_that_is_over_is_a_visitor_and_gets_a_page(web: Site, people: People):
    where = await people.place()
    manager = await people.somebody(where)
    await people.log_out(manager)
    async with tab(web, secret=manager.secret) as visitor:
        await visitor.say(HYDRATE_AND_LOAD, path="/")
        await visitor.until(lambda: '"visitor"' in visitor.text(), "the first page of visitors")
        await look_at(visitor, where)
        await call_everything(visitor, str(where.id))
        assert where.canary not in visitor.text()


async def test_once_rights_are_lost_nothing_from_before_is_shown_again(web: Site, people: People):
    where = await people.place()
    manager = await people.somebody(where)
    async with tab(web, secret=manager.secret) as visitor:
        await see(visitor, where)
        await people.dismiss(manager, where)
        before = len(visitor.heard)
        await look_at(visitor, where)
        await call_everything(visitor, str(where.id))
        assert where.canary not in json.dumps(visitor.heard[before:])
