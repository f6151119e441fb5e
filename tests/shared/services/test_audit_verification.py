"""Verification of the audit log: attacks by someone who can change every row of the database."""

from datetime import date, timedelta

import pytest
from pydantic import SecretStr
from sqlmodel import col, select

from herwa_shared.models import AuditEntry
from herwa_shared.services.audit import SYSTEM, erase_member, record
from herwa_shared.services.audit_anchors import FOLDER_NAME, MAX_FILES, has_anchors, read_anchors, write_anchors
from herwa_shared.services.audit_chain import GENESIS_DIGEST, ChainDefect, DefectKind, compute_digest
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.audit_verification import ChainHead, list_chain_heads, verify_all_chains, verify_chain
from tests.shared.services.test_audit import ADA, tamper, write_entries
from tests.support.embedded_engines import create_data_folder
from tests.support.row_factories import add_guild

DAY = date(2026, 11, 28)
KEY = b"k" * 32


@pytest.fixture
async def guild(stores):
    return await add_guild(stores)


@pytest.fixture
def anchor_folder():
    """A data folder of its own: anchors of one test do not concern another one."""
    with create_data_folder() as folder:
        yield folder


async def note_head(stores, folder, guild_id, *, day=DAY):
    """Note the newest digest of one chain, as the worker does for all chains."""
    async with stores.database.transaction() as session:
        heads = [head for head in await list_chain_heads(session) if head.guild_id == guild_id]
    write_anchors(folder, heads, audit_key=KEY, day=day)


async def find_defect(stores, folder, guild_id) -> ChainDefect | None:
    """Verify all chains against the anchors; return the defect of one chain."""
    anchors = read_anchors(folder, audit_key=KEY)
    assert anchors.invalid_file_names == ()
    async with stores.database.transaction() as session:
        verification = await verify_all_chains(session, noted=anchors.noted)
    return next((defect for defect in verification.defects if defect.guild_id == guild_id), None)


async def rewrite_chain(stores, owner, guild_id):
    """Rewrite a chain from its first entry on, with valid digests, as an attacker without the audit key can."""
    async with stores.database.transaction() as session:
        query = select(AuditEntry).where(col(AuditEntry.guild_id) == guild_id).order_by(col(AuditEntry.number))
        entries = (await session.scalars(query)).all()
        session.expunge_all()
    previous = GENESIS_DIGEST
    for entry in entries:
        entry.reason, entry.previous = "somebody else did it", previous
        previous = entry.digest = compute_digest(entry)
        await tamper(
            owner,
            "UPDATE audit_entry SET reason = $1, previous = $2, digest = $3 WHERE id = $4",
            *(entry.reason, entry.previous, entry.digest, entry.id),
        )


async def test_rewritten_chain_is_found_without_anchors(stores, owner, guild):
    await write_entries(stores, guild)
    await rewrite_chain(stores, owner, guild)
    async with stores.database.transaction() as session:
        assert await verify_chain(session, guild_id=guild) == ChainDefect(guild, 1, DefectKind.NOT_AUTHENTIC)


async def test_cut_tail_is_found(stores, owner, guild, anchor_folder):
    await write_entries(stores, guild, count=3)
    await note_head(stores, anchor_folder, guild)
    await write_entries(stores, guild, count=1)
    assert await find_defect(stores, anchor_folder, guild) is None
    await tamper(owner, "DELETE FROM audit_entry WHERE guild_id = $1 AND number >= 3", guild)
    assert await find_defect(stores, anchor_folder, guild) == ChainDefect(guild, 3, DefectKind.CUT_OFF)


async def test_deleted_chain_is_found(stores, owner, guild, anchor_folder):
    await write_entries(stores, guild)
    await note_head(stores, anchor_folder, guild)
    await owner.execute("DELETE FROM guild WHERE id = $1", guild)
    assert await find_defect(stores, anchor_folder, guild) == ChainDefect(guild, 1, DefectKind.DELETED)


async def test_chain_that_was_deleted_and_written_again_is_found(stores, owner, guild, anchor_folder):
    await write_entries(stores, guild, count=2)
    await note_head(stores, anchor_folder, guild)
    await tamper(owner, "DELETE FROM audit_entry WHERE guild_id = $1", guild)
    await write_entries(stores, guild, count=3)
    async with stores.database.transaction() as session:
        assert await verify_chain(session, guild_id=guild) is None
    assert await find_defect(stores, anchor_folder, guild) == ChainDefect(guild, 2, DefectKind.NOT_AS_NOTED)


async def test_tail_that_was_cut_before_the_newest_anchor_is_found(stores, owner, guild, anchor_folder):
    await write_entries(stores, guild, count=3)
    await note_head(stores, anchor_folder, guild)
    await tamper(owner, "DELETE FROM audit_entry WHERE guild_id = $1 AND number = 3", guild)
    await note_head(stores, anchor_folder, guild, day=DAY + timedelta(days=1))
    assert await find_defect(stores, anchor_folder, guild) == ChainDefect(guild, 3, DefectKind.CUT_OFF)


async def test_all_chains_are_verified_and_counted(stores, guild):
    other_guild = await add_guild(stores)
    await write_entries(stores, guild, count=2)
    await write_entries(stores, other_guild, count=3)
    await write_entries(stores, None, count=1)
    async with stores.database.transaction() as session:
        heads = {head.guild_id: head.number for head in await list_chain_heads(session)}
        verification = await verify_all_chains(session, noted={})
    assert (heads[guild], heads[other_guild]) == (2, 3)
    assert None in heads
    assert verification.chains == len(heads)
    assert not {guild, other_guild, None} & {defect.guild_id for defect in verification.defects}


async def test_erasure_of_a_member_keeps_anchored_chains_valid(stores, guild, anchor_folder):
    await write_entries(stores, guild)
    await note_head(stores, anchor_folder, guild)
    async with stores.database.transaction() as session:
        assert await erase_member(session, user_id=ADA.user_id) >= 3
    assert await find_defect(stores, anchor_folder, guild) is None


async def test_entries_of_another_key_are_not_authentic(stores, owner, guild):
    async with stores.database.transaction() as session:
        session.info["audit_key"] = b"another key"
        await record(session, SYSTEM, "feature.set", guild_id=guild)
    async with stores.database.transaction() as session:
        assert (await verify_chain(session, guild_id=guild)).kind is DefectKind.NOT_AUTHENTIC


HEADS = [ChainHead(None, 7, b"\x01" * 32), ChainHead(81384788765712384, 3, b"\x02" * 32)]


def test_anchors_survive_writing_and_reading(anchor_folder):
    assert not has_anchors(anchor_folder, day=DAY)
    write_anchors(anchor_folder, HEADS, audit_key=KEY, day=DAY)
    assert has_anchors(anchor_folder, day=DAY)
    anchors = read_anchors(anchor_folder, audit_key=KEY)
    assert anchors.noted == {None: {7: b"\x01" * 32}, 81384788765712384: {3: b"\x02" * 32}}
    assert (anchors.file_names, anchors.invalid_file_names) == (("2026-11-28.jsonl",), ())
    folder = anchor_folder.path / FOLDER_NAME
    assert [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())] == [0o700, 0o600]


def test_anchors_of_a_day_are_never_overwritten(anchor_folder):
    write_anchors(anchor_folder, HEADS, audit_key=KEY, day=DAY)
    with pytest.raises(FileExistsError):
        write_anchors(anchor_folder, HEADS[:1], audit_key=KEY, day=DAY)
    assert len(read_anchors(anchor_folder, audit_key=KEY).noted) == 2
    assert len(list((anchor_folder.path / FOLDER_NAME).iterdir())) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"number": 7', '"number": 6'),
        lambda text: "".join(text.splitlines(keepends=True)[1:]),
        lambda text: "".join(text.splitlines(keepends=True)[:-1]),
        lambda _: "",
    ],
)
def test_changed_anchor_file_is_reported(anchor_folder, change):
    write_anchors(anchor_folder, HEADS, audit_key=KEY, day=DAY)
    path = anchor_folder.path / FOLDER_NAME / "2026-11-28.jsonl"
    path.write_text(change(path.read_text()))
    anchors = read_anchors(anchor_folder, audit_key=KEY)
    assert (anchors.noted, anchors.invalid_file_names) == ({}, ("2026-11-28.jsonl",))


def test_anchor_file_of_one_day_is_not_valid_for_another(anchor_folder):
    write_anchors(anchor_folder, HEADS, audit_key=KEY, day=DAY)
    path = anchor_folder.path / FOLDER_NAME / "2026-11-28.jsonl"
    path.rename(path.with_name("2026-11-29.jsonl"))
    assert read_anchors(anchor_folder, audit_key=KEY).invalid_file_names == ("2026-11-29.jsonl",)


def test_number_of_anchor_files_is_limited(anchor_folder):
    for number in range(MAX_FILES + 3):
        write_anchors(anchor_folder, HEADS, audit_key=KEY, day=DAY + timedelta(days=number))
    names = read_anchors(anchor_folder, audit_key=KEY).file_names
    assert (len(names), names[0]) == (MAX_FILES, (DAY + timedelta(days=3)).isoformat() + ".jsonl")


def test_key_comes_from_the_setting_or_from_the_data_folder(anchor_folder, settings):
    key = load_audit_key(settings, anchor_folder)
    assert (len(key), load_audit_key(settings, anchor_folder)) == (43, key)
    configured = settings.model_copy(update={"audit_key": SecretStr("x" * 40)})
    assert load_audit_key(configured, anchor_folder) == b"x" * 40
