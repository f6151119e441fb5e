"""Limits of the results that one process keeps."""

from herwa_shared.query_cache.local_entries import MAX_ENTRIES_PER_GUILD, LocalEntries, LocalEntry


def build_entry(value: bytes = b"x" * 100, version: str = "0.1") -> LocalEntry:
    return LocalEntry(value, version, valid_until=10.0)


def find(entries: LocalEntries, guild_id: int, question: str = "q", version: str = "0.1", now: float = 0.0):
    return entries.find(guild_id, question, version=version, now=now)


def test_guilds_that_were_read_least_recently_are_dropped_first():
    entries = LocalEntries(max_bytes=350)
    for guild_id in (1, 2, 3):
        entries.store(guild_id, "q", build_entry())
    assert find(entries, 1)
    entries.store(4, "q", build_entry())
    assert [guild_id for guild_id in (1, 2, 3, 4) if find(entries, guild_id)] == [1, 3, 4]
    assert entries.size == 300


def test_entry_that_exceeds_the_limit_alone_is_not_kept():
    entries = LocalEntries(max_bytes=50)
    entries.store(1, "q", build_entry())
    assert find(entries, 1) is None
    assert entries.size == 0


def test_guild_keeps_a_limited_number_of_entries():
    entries = LocalEntries()
    for number in range(MAX_ENTRIES_PER_GUILD + 1):
        entries.store(1, f"q{number}", build_entry())
    assert find(entries, 1, "q0") is None
    assert find(entries, 1, "q1") is not None
    assert entries.size == 100 * MAX_ENTRIES_PER_GUILD


def test_entry_of_another_version_or_after_its_end_is_not_found():
    entries = LocalEntries()
    entries.store(1, "q", build_entry())
    assert find(entries, 1, version="0.2") is None
    assert find(entries, 1, now=10.0) is None
    entries.store(1, "q", build_entry(b"y", "0.2"))
    assert find(entries, 1, version="0.2").value == b"y"
    assert entries.size == 1


def test_dropped_guild_has_no_entries():
    entries = LocalEntries()
    entries.store(1, "q", build_entry())
    entries.drop_guild(1)
    entries.drop_guild(2)
    assert (find(entries, 1), entries.size) == (None, 0)


def test_purge_drops_only_what_has_ended():
    entries = LocalEntries()
    entries.store(1, "q", build_entry())
    entries.store(2, "q", LocalEntry(b"y", "0.1", valid_until=20.0))
    entries.purge(10.0)
    assert (find(entries, 1), entries.size) == (None, 1)
    assert find(entries, 2) is not None
