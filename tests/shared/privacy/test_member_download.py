"""The file of `/privacy download`: single events are complete or left out, and the file says so."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import herwa_shared.privacy.member_download as module
from herwa_shared.clock import utc_now
from herwa_shared.privacy import texts
from tests.support.row_factories import EventRow, add_guild, add_member, insert_events

MEMBER, OTHER, EVERYWHERE = 1_000_000_000_000_000_551, 1_000_000_000_000_000_552, 1_000_000_000_000_000_553


async def load_file(stores, guild_id: int | None, user_id: int = MEMBER) -> dict[str, str]:
    async with stores.database.transaction() as session:
        content = await module.build_member_file(session, stores.clickhouse, guild_id=guild_id, user_id=user_id)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


async def test_file_is_complete_or_says_what_is_left_out(stores, monkeypatch):
    guild_id, now = await add_guild(stores), utc_now()
    await add_member(stores, guild_id, MEMBER, "Grace")
    events = [EventRow(now - timedelta(days=day), MEMBER) for day in (1, 2, 3)]
    await insert_events(stores, guild_id, [*events, EventRow(now - timedelta(days=1), OTHER)])
    files = await load_file(stores, guild_id)
    assert list(files) == ["README.txt", "about-you.json", "hours.csv", "events.csv"]
    assert files["README.txt"] == texts.MEMBER_FILE_README
    about = json.loads(files["about-you.json"])
    assert (about["name"], about["user_id"], about["events_by_kind"]) == ("Grace", str(MEMBER), {"message": 3})
    for name in ("hours.csv", "events.csv"):
        assert len(list(csv.DictReader(io.StringIO(files[name])))) == 3
    assert not [name for name, text in files.items() if str(OTHER) in text]
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    files = await load_file(stores, guild_id)
    assert list(files) == ["README.txt", "about-you.json", "hours.csv"]
    assert files["README.txt"] == texts.MEMBER_FILE_WITHOUT_EVENTS


async def test_events_of_all_servers_share_one_limit(stores, monkeypatch):
    now = utc_now()
    guild_ids = [await add_guild(stores) for _ in range(2)]
    for guild_id in guild_ids:
        await add_member(stores, guild_id, EVERYWHERE, "Grace")
        await insert_events(stores, guild_id, [EventRow(now - timedelta(days=day), EVERYWHERE) for day in (1, 2, 3)])
    for limit, event_files in ((6, 2), (5, 0)):
        monkeypatch.setattr(module, "MAX_ROWS", limit)
        names = list(await load_file(stores, None, EVERYWHERE))
        assert len([name for name in names if name.endswith("hours.csv")]) == 2
        assert len([name for name in names if name.endswith("events.csv")]) == event_files
