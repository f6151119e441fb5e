"""`herwa status` tells of a process that decides by rules it no longer hears the changes of."""

import pytest

from herwa.status.render import as_text
from herwa.status.status import Status, read_status
from herwa_shared.services import processes


async def status_of(settings, stores, detail: dict[str, object]) -> Status:
    """While a process gives this sign of life."""
    async with stores.database.transaction() as session:
        process_id = await processes.register(session, name="probe")
        await processes.beat(session, process_id=process_id, detail=detail)
    try:
        return await read_status(settings)
    finally:
        async with stores.database.transaction() as session:
            await processes.stopped(session, process_id=process_id)


@pytest.mark.parametrize("age", [None, 30.0])
async def test_a_process_that_hears_of_no_changes_is_a_problem(settings, stores, age):
    status = await status_of(settings, stores, {"policies": 12, "policy_sweep_age": age})
    assert any("probe does not hear of changed rules" in problem for problem in status.problems)


async def test_one_that_hears_is_told_in_a_line(settings, stores):
    status = await status_of(settings, stores, {"policies": 12, "policy_sweep_age": 0.4})
    assert not any("The probe" in problem for problem in status.problems)
    assert "guardrail probe knows 12 servers' rules, looked for changes 0.4 s ago" in as_text(status).plain
    assert status.as_json()["policies"]["probe"] == {"servers": 12, "sweep_age_seconds": 0.4}
