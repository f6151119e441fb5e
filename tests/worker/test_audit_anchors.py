"""The worker's daily job: it verifies the audit log, and notes its digests in the data folder and in the log."""

from datetime import timedelta

import pytest

import herwa_worker.audit_anchors as job_module
from herwa_shared.clock import utc_now
from herwa_shared.services.audit import SYSTEM, record
from herwa_shared.services.audit_anchors import read_anchors
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.audit_verification import list_chain_heads
from herwa_worker.audit_anchors import AuditAnchorJob
from tests.support.embedded_engines import create_data_folder
from tests.support.row_factories import add_guild


@pytest.fixture
def anchor_folder():
    with create_data_folder() as folder:
        yield folder


@pytest.fixture
async def guild(stores):
    guild_id = await add_guild(stores)
    async with stores.database.transaction() as session:
        await record(session, SYSTEM, "feature.set", guild_id=guild_id)
    return guild_id


@pytest.fixture
def messages(monkeypatch):
    """What the job logs: (event, fields)."""
    logged = []

    class Recorder:
        def info(self, event, **fields):
            logged.append((event, fields))

        error = info

    monkeypatch.setattr(job_module, "log", Recorder())
    return logged


async def test_digest_of_every_chain_is_noted_once_a_day(
    stores, settings, folder, anchor_folder, guild, messages, monkeypatch
):
    key = load_audit_key(settings, folder)
    job = AuditAnchorJob(stores.database, anchor_folder, key)
    await job.run()
    async with stores.database.transaction() as session:
        heads = await list_chain_heads(session)
        await record(session, SYSTEM, "feature.set", guild_id=guild)
    await job.run()
    noted = read_anchors(anchor_folder, audit_key=key).noted
    assert noted == {head.guild_id: {head.number: head.digest} for head in heads}
    logged_digests = " ".join(fields["digests"] for event, fields in messages if event == "audit log digests")
    assert sorted(logged_digests.split()) == sorted(
        f"{head.guild_id or 'operator'}:{head.number}:{head.digest.hex()}" for head in heads
    )

    tomorrow = utc_now() + timedelta(days=1)
    monkeypatch.setattr(job_module, "utc_now", lambda: tomorrow)
    await job.run()
    anchors = read_anchors(anchor_folder, audit_key=key)
    assert len(anchors.file_names) == 2
    assert set(anchors.noted[guild]) == {1, 2}


async def test_changed_log_is_reported_and_its_digests_are_noted_nevertheless(
    stores, owner, settings, folder, anchor_folder, guild, messages, monkeypatch
):
    key = load_audit_key(settings, folder)
    job = AuditAnchorJob(stores.database, anchor_folder, key)
    await job.run()
    await owner.execute("DELETE FROM guild WHERE id = $1", guild)
    tomorrow = utc_now() + timedelta(days=1)
    monkeypatch.setattr(job_module, "utc_now", lambda: tomorrow)
    await job.run()
    problems = [fields for event, fields in messages if event == "the audit log was changed"]
    assert {"chain": str(guild), "entry": 1, "problem": "deleted"} in problems
    assert len(read_anchors(anchor_folder, audit_key=key).file_names) == 2
