"""What a guild or Herwa's operator has chosen holds for the pages, whichever of their handlers is called."""

import json

import pytest

from herwa_shared.catalog import FeatureKey, ModuleKey
from herwa_shared.guardrail.policy import SubjectKind
from herwa_shared.stores import Stores
from tests.governing import Governing, until
from tests.web.people import MANAGE_GUILD, People, Place, Somebody
from tests.web.site import Site
from tests.web.tab import HYDRATE_AND_LOAD, Tab, tab
from tests.web.test_attacks import call_everything, see

OVERVIEW = FeatureKey.OVERVIEW
ADMINISTRATOR = 1 << 3
REFUSED = '"phase_rx_state_": "refused"'
READY = '"phase_rx_state_": "ready"'


@pytest.fixture
def governing(stores: Stores) -> Governing:
    return Governing(stores)


async def look(visitor: Tab, where: Place) -> str:
    """Open the server's page: all that was sent for it, once it is in a state that lasts."""
    before = len(visitor.heard)
    await visitor.say(HYDRATE_AND_LOAD, path=f"/g/{where.id}")
    await visitor.until(lambda: settled(json.dumps(visitor.heard[before:])), "the page")
    return json.dumps(visitor.heard[before:])


def settled(text: str) -> bool:
    return any(f'"phase_rx_state_": "{phase}"' in text for phase in ("refused", "ready", "failed", "missing"))


async def until_the_page_is(web: Site, who: Somebody, where: Place, phase: str) -> str:
    """Open the page until a change is in force: what it then says."""
    said = ""

    async def it_is() -> bool:
        nonlocal said
        async with tab(web, secret=who.secret) as visitor:
            said = await look(visitor, where)
        return phase in said

    await until(it_is)
    return said


def shown(text: str, where: Place) -> list[str]:
    """What of the page is in it: names that stand beside numbers, and files."""
    return [part for part in (f"member {where.canary}", f"room-{where.canary}", '"name": "_download"') if part in text]


async def barred_manager(people: People, where: Place) -> tuple[Somebody, int]:
    """Somebody who manages the server by a role, and that role."""
    person = await people.somebody(where)
    role = people.discord.create_role(where.id, "On leave", permissions=MANAGE_GUILD)
    people.discord.set_roles(where.id, person.id, [role])
    return person, role


async def test_no_handler_tells_anything_of_a_page_that_the_server_has_switched_off(
    web: Site, people: People, governing: Governing
):
    where = await people.place()
    manager = await people.somebody(where)
    async with tab(web, secret=manager.secret) as visitor:
        await see(visitor, where)
    await governing.switch(where.id, OVERVIEW, on=False)
    await until_the_page_is(web, manager, where, REFUSED)

    async with tab(web, secret=manager.secret) as visitor:
        await look(visitor, where)
        await call_everything(visitor, str(where.id))
        assert not shown(visitor.text(), where)
        assert "Traceback" not in visitor.text()


async def test_no_handler_tells_anything_to_a_manager_one_of_whose_roles_is_denied_the_page(
    web: Site, people: People, governing: Governing
):
    where = await people.place()
    manager, role = await barred_manager(people, where)
    await governing.deny(where.id, SubjectKind.ROLE, role, OVERVIEW, note="back in May")
    said = await until_the_page_is(web, manager, where, REFUSED)
    assert "one of your roles may not use Overview: back in May" in said

    async with tab(web, secret=manager.secret) as visitor:
        await look(visitor, where)
        await call_everything(visitor, str(where.id))
        assert not shown(visitor.text(), where)


async def test_an_open_page_forgets_its_numbers_when_it_is_switched_off(
    web: Site, people: People, governing: Governing
):
    where = await people.place()
    manager = await people.somebody(where)
    async with tab(web, secret=manager.secret) as visitor:
        assert shown(await look(visitor, where), where)
        await governing.switch(where.id, OVERVIEW, on=False)
        follow = "reflex___state____state.herwa_web___pages___guild___state____overview.follow"

        async def it_is_refused() -> bool:
            await visitor.say(follow, path=f"/g/{where.id}")
            await visitor.until_done()
            return REFUSED in visitor.text()

        await until(it_is_refused)
        at = next(number for number, one in enumerate(visitor.heard) if REFUSED in json.dumps(one))
        refused = json.dumps(visitor.heard[at])
        assert '"channels": []' in refused
        assert not shown(refused, where)


async def test_a_refused_page_keeps_the_servers_name_and_says_who_can_change_it(
    web: Site, people: People, governing: Governing
):
    where = await people.place()
    manager = await people.somebody(where)
    await governing.switch_module(where.id, ModuleKey.DASHBOARD, on=False)
    said = await until_the_page_is(web, manager, where, REFUSED)

    assert where.canary in said
    assert "the Dashboard module is switched off in this server" in said
    assert "Members with Manage Server can switch it on with /features." in said


async def test_switched_on_again_the_page_is_there_again_with_names_and_files(
    web: Site, people: People, governing: Governing
):
    where = await people.place()
    manager = await people.somebody(where)
    await governing.switch(where.id, OVERVIEW, on=False)
    await until_the_page_is(web, manager, where, REFUSED)
    await governing.switch(where.id, OVERVIEW, on=True)

    await until_the_page_is(web, manager, where, READY)
    async with tab(web, secret=manager.secret) as visitor:
        await see(visitor, where)
        await call_everything(visitor, str(where.id))
        assert len(shown(visitor.text(), where)) == 3


async def test_an_administrator_sees_the_page_whatever_rules_say_but_not_what_is_switched_off(
    web: Site, people: People, governing: Governing
):
    where = await people.place()
    administrator = await people.somebody(where, permissions=ADMINISTRATOR)
    manager = await people.somebody(where)
    await governing.deny(where.id, SubjectKind.EVERYONE, 0, OVERVIEW, note="")
    await until_the_page_is(web, manager, where, REFUSED)

    await until_the_page_is(web, administrator, where, READY)
    await governing.switch(where.id, OVERVIEW, on=False)
    await until_the_page_is(web, administrator, where, REFUSED)


async def test_the_operators_reason_is_shown_to_everybody_who_wants_the_page(
    web: Site, people: People, governing: Governing
):
    where = await people.place()
    manager = await people.somebody(where)
    await governing.kill(OVERVIEW, on=True, reason="The chart is being repaired.")
    try:
        said = await until_the_page_is(web, manager, where, REFUSED)
    finally:
        await governing.kill(OVERVIEW, on=False)
    assert "The chart is being repaired." in said
    assert "Only the operator" in said
    await until_the_page_is(web, manager, where, READY)


async def test_a_stranger_learns_nothing_from_a_server_that_refuses(web: Site, people: People, governing: Governing):
    where = await people.place()
    stranger, manager = await people.somebody(), await people.somebody(where)
    await governing.switch(where.id, OVERVIEW, on=False)
    await until_the_page_is(web, manager, where, REFUSED)

    async with tab(web, secret=stranger.secret) as visitor:
        assert '"phase_rx_state_": "missing"' in await look(visitor, where)
        await call_everything(visitor, str(where.id))
        assert where.canary not in visitor.text()


async def test_home_shows_no_numbers_of_a_server_whose_overview_is_closed(
    web: Site, people: People, governing: Governing
):
    closed, opened = await people.place(), await people.place()
    manager = await people.somebody(closed, opened)
    await governing.switch(closed.id, OVERVIEW, on=False)
    await until_the_page_is(web, manager, closed, REFUSED)

    async with tab(web, secret=manager.secret) as visitor:
        await visitor.say(HYDRATE_AND_LOAD, path="/")
        await visitor.until(lambda: '"cards_rx_state_": [{' in visitor.text(), "cards")
        told = [one for heard in visitor.heard for one in heard["delta"].values() if "cards_rx_state_" in one]
    cards = {card["name"]: card for card in told[-1]["cards_rx_state_"]}
    told_by = {name: (card["number"], card["words"], bool(card["line"])) for name, card in cards.items()}
    assert told_by[opened.canary] == ("1", "person talked in 24 hours", True)
    assert told_by[closed.canary] == ("", "Its overview is not open to you right now", False)
