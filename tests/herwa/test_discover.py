"""`herwa discover`: what the rooms serve is asked of them, told, and registered."""

import json

import pytest

from herwa.commands.discover import DeclarationError, fetch_declaration
from herwa_shared.embedded import lease_engines
from tests.support.configurable_copy import open_copy


@pytest.mark.slow
def test_all_declared_surfaces_are_reported_and_registered():
    with open_copy() as copy, lease_engines(copy.settings, copy.folder):
        changes = json.loads(copy.check_output("discover", "--dry-run", "--json"))
        lines = copy.check_output("discover").splitlines()

    assert {"feature voice.stats", "command server-stats", "page overview", "api stats"} <= set(changes["new"])
    assert (changes["changed"], changes["retired"], changes["unchanged"]) == ([], [], 0)
    assert lines == [f"new: {name}" for name in changes["new"]], "looking had changed nothing"


async def test_a_package_that_cannot_declare_its_surfaces_is_named_with_its_output():
    with pytest.raises(DeclarationError, match=r"herwa_bot\.nothing cannot say .*\n.*No module named"):
        await fetch_declaration("herwa_bot.nothing")
