"""`herwa discover`: what the rooms serve is asked of them, told, and registered."""

import json

import pytest

from herwa.commands.discover import NotDeclared, ask
from herwa_shared.embedded import lease_engines
from tests.herwa.copies import copy_of_its_own


@pytest.mark.slow
def test_all_that_the_rooms_serve_is_told_and_registered():
    with copy_of_its_own() as copy, lease_engines(copy.settings, copy.folder):
        seen = json.loads(copy.ask("discover", "--dry-run", "--json"))
        done = copy.ask("discover").splitlines()

    assert {"feature voice.stats", "command server-stats", "page overview", "api stats"} <= set(seen["new"])
    assert (seen["changed"], seen["retired"], seen["unchanged"]) == ([], [], 0)
    assert done == [f"new: {name}" for name in seen["new"]], "looking had changed nothing"


async def test_a_room_that_cannot_say_what_it_serves_is_named_with_what_it_said():
    with pytest.raises(NotDeclared, match=r"herwa_bot\.nothing cannot say .*\n.*No module named"):
        await ask("herwa_bot.nothing")
