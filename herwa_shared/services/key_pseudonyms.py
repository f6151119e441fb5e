"""Pseudonyms of members for API keys without the scope for ids: a keyed hash with a secret of the key.

The same member has the same pseudonym in all responses and exports of a key and its successors, and another one for
every other key. The two functions give the same pseudonyms.
"""

import hmac

PREFIX = "m_"
DIGEST_BYTES = 12


def format_key_pseudonym(secret: bytes, user_id: int | str) -> str:
    """Return the pseudonym of a member."""
    return PREFIX + hmac.digest(secret, str(user_id).encode(), "sha256")[:DIGEST_BYTES].hex()


def build_key_pseudonym_sql(user_sql: str, secret: bytes) -> str:
    """Build the expression of ClickHouse for the pseudonym of a member.

    The secret is a part of the text, because ClickHouse hides the key of HMAC in its logs, in the list of running
    queries and in errors; parameters would appear there.
    """
    digest_sql = f"HMAC('sha256', toString({user_sql}), unhex('{secret.hex()}'))"
    return f"concat('{PREFIX}', lower(hex(substring({digest_sql}, 1, {DIGEST_BYTES}))))"
