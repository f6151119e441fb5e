"""Pseudonyms of members for API keys: Python and ClickHouse give the same ones, and ClickHouse hides the secret."""

from herwa_shared.services.key_pseudonyms import build_key_pseudonym_sql, format_key_pseudonym
from herwa_shared.stores import Stores

SECRET, OTHER_SECRET = b"0123456789abcdef", b"\x00\xff" * 8
MEMBERS = (1, 1_000_000_000_000_000_077, (1 << 62) + 5)


async def test_python_and_clickhouse_give_the_same_pseudonyms(stores: Stores):
    for secret in (SECRET, OTHER_SECRET):
        sql = f"SELECT {build_key_pseudonym_sql('arrayJoin({members:Array(UInt64)})', secret)}"
        rows = (await stores.clickhouse.query(sql, parameters={"members": list(MEMBERS)})).result_rows
        assert [row[0] for row in rows] == [format_key_pseudonym(secret, member) for member in MEMBERS]
    assert len({format_key_pseudonym(secret, 7) for secret in (SECRET, OTHER_SECRET)}) == 2


async def test_secret_is_hidden_where_clickhouse_shows_a_statement(stores: Stores):
    sql = f"EXPLAIN SYNTAX SELECT {build_key_pseudonym_sql('number', SECRET)} FROM numbers(3)"
    shown = str((await stores.clickhouse.query(sql)).result_rows)
    assert "HIDDEN" in shown
    assert SECRET.hex() not in shown.lower()
