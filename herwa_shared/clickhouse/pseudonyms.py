"""Pseudonyms of members in ClickHouse: a keyed function of guild and member, computed only within a statement.

The hours of members who left 90 days ago, and all hours older than 13 months, contain pseudonyms instead of members
(`privacy/pseudonyms`). A member has one pseudonym per guild, so that distinct members can be counted over any window:
where it may contain pseudonyms, members who still have their own id are counted by their pseudonym as well. The key is
derived from the audit key, which is in no database and never changes. Decision: docs/decisions/0020.

The key is a part of the statement's text, as the key of `encrypt`, which ClickHouse hides in its logs, in the list of
running queries and in errors. Parameters would appear there, and so would the key of any other function. A mutation
never contains it: its text is stored until it is finished.
"""

import hmac
from datetime import datetime, timedelta

FIRST_PSEUDONYM = 1 << 62
"""Pseudonyms begin here. Discord's own ids are below it until the year 2049."""
DEPARTED_RETENTION = timedelta(days=90)
"""How long after a member left the guild their hours contain their own id."""
MIN_PSEUDONYM_AGE = DEPARTED_RETENTION - timedelta(days=1)
"""No hour is younger that contains a pseudonym; a day for the clocks of machines."""

KEY_BYTES = 16
KEY_PLACEHOLDER = "pseudonym-key"
# The first 62 bits of one block of AES: guild and user are its 16 bytes.
_PSEUDONYM_SQL = (
    "bitOr(bitAnd(reinterpretAsUInt64(encrypt('aes-128-ecb',"
    " concat(reinterpretAsFixedString(toUInt64({guild})), reinterpretAsFixedString(toUInt64({user}))),"
    f" unhex('{KEY_PLACEHOLDER}'))), {FIRST_PSEUDONYM - 1}), {FIRST_PSEUDONYM})"
)
OWN_ID_SQL = "user_id AS person_id"
"""The column that distinct members are counted by, in a statement whose rows contain no pseudonyms."""


def build_pseudonym_sql(guild: str = "guild_id", user: str = "user_id") -> str:
    """Build the expression of a member's pseudonym from two expressions. `insert_key` completes the statement."""
    return _PSEUDONYM_SQL.format(guild=guild, user=user)


PERSON_SQL = f"if(user_id BETWEEN 1 AND {FIRST_PSEUDONYM - 1}, {build_pseudonym_sql()}, user_id) AS person_id"


def insert_key(sql: str, audit_key: bytes | None) -> str:
    """Return the statement with the key of the pseudonyms, which is derived from the audit key."""
    assert audit_key is not None, "the database was opened without the audit key"
    key = hmac.digest(audit_key, b"herwa pseudonyms", "sha256")[:KEY_BYTES]
    return sql.replace(KEY_PLACEHOLDER, key.hex())


def may_contain_pseudonyms(start: datetime, now: datetime) -> bool:
    """Return whether a window that begins at `start` may contain pseudonyms."""
    return start < now - MIN_PSEUDONYM_AGE


def count_by_pseudonym(sql: str, audit_key: bytes | None) -> str:
    """Return the statement with the pseudonym of each member as `person_id`, instead of OWN_ID_SQL."""
    return insert_key(sql.replace(OWN_ID_SQL, PERSON_SQL), audit_key)
