"""Keyed hashes of members, under which their privacy choices are stored. The key is in no database."""

import hmac

EVERY_GUILD = 0


def derive_privacy_key(audit_key: bytes) -> bytes:
    """Derive the key of the hashes from the audit key, which never changes and which all machines of a copy share."""
    return hmac.digest(audit_key, b"herwa privacy choices", "sha256")


def hash_member(privacy_key: bytes, *, guild_id: int | None, user_id: int) -> bytes:
    """Return the keyed hash of a user in one guild, or everywhere if `guild_id` is None."""
    return hmac.digest(privacy_key, f"{guild_id or EVERY_GUILD}:{user_id}".encode(), "sha256")


def list_member_hashes(privacy_key: bytes, *, guild_id: int, user_id: int) -> tuple[bytes, bytes]:
    """Return the hashes whose choices hold for a member of a guild: of the user there, and everywhere."""
    return (
        hash_member(privacy_key, guild_id=guild_id, user_id=user_id),
        hash_member(privacy_key, guild_id=None, user_id=user_id),
    )
