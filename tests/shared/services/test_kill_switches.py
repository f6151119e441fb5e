"""Kill switches: they disable a feature in every guild, with a reason that users see."""

import pytest

from herwa_shared.catalog import FeatureKey
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.services.audit import MAX_REASON_LENGTH
from herwa_shared.services.kill_switches import list_kill_switches, set_kill_switch
from herwa_shared.services.policies import load_global_policy
from tests.shared.services.operator_helpers import OPERATOR, list_audit_entries, load_policy_version, register_catalog

FEATURE = FeatureKey.TICKET_STATS


async def set_switch(stores, feature=FEATURE, *, active, reason=""):
    async with stores.database.transaction() as session:
        return await set_kill_switch(session, feature=feature, active=active, reason=reason, actor=OPERATOR)


async def load_kill_switches(stores):
    async with stores.database.transaction() as session:
        return dict((await load_global_policy(session)).kill_switches)


@pytest.fixture(autouse=True)
async def _reset_kill_switch(stores):
    await register_catalog(stores)
    yield
    await set_switch(stores, active=False)


async def test_kill_switch_is_set_changed_and_removed_with_audit_entries(stores):
    version_before, entry_count = await load_policy_version(stores, 0), len(await list_audit_entries(stores, None))
    assert await set_switch(stores, active=True, reason="  Numbers are\nwrong.  ")
    assert (await load_kill_switches(stores))[FEATURE] == "Numbers are wrong."
    assert await set_switch(stores, active=True, reason="Mended by noon.")
    assert (await load_kill_switches(stores))[FEATURE] == "Mended by noon."
    async with stores.database.transaction() as session:
        (status,) = [kill_switch for kill_switch in await list_kill_switches(session) if kill_switch.feature == FEATURE]
    assert (status.title, status.reason, status.by) == ("Ticket stats", "Mended by noon.", "operator")
    assert await set_switch(stores, active=False, reason="It is.")
    assert FEATURE not in await load_kill_switches(stores)
    assert await load_policy_version(stores, 0) > version_before
    changes = [
        (entry.target, entry.before, entry.after, entry.reason)
        for entry in (await list_audit_entries(stores, None))[entry_count:]
    ]
    first, second = {"on": True, "reason": "Numbers are wrong."}, {"on": True, "reason": "Mended by noon."}
    assert changes == [
        (FEATURE, {"on": False}, first, "Numbers are wrong."),
        (FEATURE, first, second, "Mended by noon."),
        (FEATURE, second, {"on": False}, "It is."),
    ]


async def test_change_without_effect_is_neither_published_nor_audited(stores):
    await set_switch(stores, active=True, reason="Away.")
    version_before, entry_count = await load_policy_version(stores, 0), len(await list_audit_entries(stores, None))
    assert await set_switch(stores, active=True, reason="Away.") is None
    assert (await load_policy_version(stores, 0), len(await list_audit_entries(stores, None))) == (
        version_before,
        entry_count,
    )


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 201])
async def test_kill_switch_requires_a_reason(stores, reason):
    with pytest.raises(BadRequest, match=f"1 to {MAX_REASON_LENGTH}"):
        await set_switch(stores, active=True, reason=reason)
    assert FEATURE not in await load_kill_switches(stores)


async def test_essential_feature_cannot_be_switched_off(stores):
    with pytest.raises(BadRequest, match="essential"):
        await set_switch(stores, FeatureKey.HELP, active=True, reason="x")


async def test_unknown_feature_is_refused_with_a_suggestion(stores):
    with pytest.raises(NotFound, match=r"ticket\.stats"):
        await set_switch(stores, "ticket.stat", active=True, reason="x")
