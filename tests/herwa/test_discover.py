"""`herwa discover`: reads the surfaces that each package declares, reports changes and registers them."""

import json

import pytest

from herwa.commands.discover import DeclarationError, fetch_declaration
from herwa_shared.embedded import lease_engines
from tests.support.configurable_copy import open_copy


@pytest.mark.slow
def test_discover_reports_and_registers_all_declared_surfaces():
    with open_copy() as copy, lease_engines(copy.settings, copy.folder):
        changes = json.loads(copy.check_output("discover", "--dry-run", "--json"))
        lines = copy.check_output("discover").splitlines()

    assert {"feature voice.stats", "command server-stats", "page overview", "api stats"} <= set(changes["new"])
    assert (changes["changed"], changes["retired"], changes["unchanged"]) == ([], [], 0)
    assert lines == [f"new: {name}" for name in changes["new"]], "the dry run must not register anything"


async def test_failed_declaration_is_reported_with_package_and_output():
    with pytest.raises(DeclarationError, match=r"herwa_bot\.nothing .*\n.*No module named"):
        await fetch_declaration("herwa_bot.nothing")
