"""Store events of members who opted out, or who were erased, without the member.

What members chose is stored under keyed hashes of guild and user (table `privacy_choice`); the key is not in the
database. The filter runs in the transaction that stores something, under the append lock, which every change of a
choice takes as well. So a choice is in force from its commit on, in every process and after any restart, and also for
events that were received before: the time of an event decides, not the time at which it is stored.
"""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.key_dedup import hash_event_key
from herwa_shared.privacy_digests import derive_privacy_key, hash_member, list_member_hashes

MAX_CACHED_MEMBERS = 200_000
LEAVE_KEY_MS = 600_000  # two leaves of one member within this period are one

VERSION_SQL = "SELECT version FROM privacy_version WHERE id = 0"
CHOICES_SQL = """
SELECT digest, opted_out_at IS NOT NULL AS is_opted_out,
    coalesce((extract(epoch FROM erased_until) * 1000)::bigint, 0) AS erased_until_ms
FROM privacy_choice
"""

Fetch = Callable[[str], Awaitable[Sequence[Any]]]
"""Runs a query and returns its rows, whose columns are read by name."""
MemberKey = tuple[int, int]


def build_ticket_pseudonym(privacy_key: bytes, *, guild_id: int, user_id: int, thread_id: int) -> int:
    """Build the pseudonym of a member as the opener of one ticket; another ticket has another one."""
    digest = hmac.digest(privacy_key, f"ticket {guild_id}:{user_id}:{thread_id}".encode(), "sha256")
    return FIRST_PSEUDONYM | int.from_bytes(digest[:8]) % FIRST_PSEUDONYM


@dataclass(frozen=True, slots=True)
class MemberPrivacy:
    """What a member chose: opted out, and the time (milliseconds since 1970) before which nothing is theirs."""

    is_opted_out: bool = False
    erased_until_ms: int = 0

    def is_hidden(self, at_ms: int) -> bool:
        """Whether something that happened at this time is stored without the member."""
        return self.is_opted_out or at_ms < self.erased_until_ms


_NO_CHOICE = MemberPrivacy()


class PrivacyFilter:
    """The choices of all members, loaded again when they have changed.

    `version` changes with every change of a choice. Without a key, only a database without choices can be used.
    """

    def __init__(self, audit_key: bytes | None) -> None:
        self.version = -1
        self._privacy_key = None if audit_key is None else derive_privacy_key(audit_key)
        self._choices: dict[bytes, MemberPrivacy] = {}
        self._members: dict[MemberKey, MemberPrivacy] = {}

    async def refresh(self, connection: asyncpg.Connection) -> None:
        """Load the choices if they have changed. The caller holds the append lock."""
        await self._refresh(lambda query: connection.fetch(query))  # noqa: PLW0108 - `fetch` has overloads

    async def refresh_in_session(self, session: AsyncSession) -> None:
        """Load the choices if they have changed. The caller holds the append lock."""

        async def fetch(query: str) -> Sequence[Any]:
            return (await session.execute(text(query))).mappings().all()

        await self._refresh(fetch)

    def find(self, guild_id: int, user_id: int) -> MemberPrivacy:
        """Return what holds for a member of a guild: the stricter of guild and everywhere."""
        if not self._choices or not user_id:
            return _NO_CHOICE
        member = self._members.get((guild_id, user_id))
        if member is None:
            if len(self._members) >= MAX_CACHED_MEMBERS:
                self._members.clear()
            member = self._members[guild_id, user_id] = self._combine_choices(guild_id, user_id)
        return member

    def hide_members(self, events: Sequence[ActivityEvent]) -> list[ActivityEvent]:
        """Return the events, those of hidden members with user 0 and without what follows from the identity."""
        if not self._choices:
            return list(events)
        return [self._hide_member(event) if self.is_hidden(event) else event for event in events]

    def is_hidden(self, event: ActivityEvent) -> bool:
        """Whether an event is stored without its member."""
        return self.find(event.guild_id, event.user_id).is_hidden(event.at_ms)

    def list_hidden_leavers(self, events: Sequence[ActivityEvent]) -> list[MemberKey]:
        """List the members who opted out and leave their guild with one of the events."""
        if not self._choices:
            return []
        return [
            (event.guild_id, event.user_id)
            for event in events
            if event.kind == EventKind.LEAVE and self.find(event.guild_id, event.user_id).is_opted_out
        ]

    def build_hidden_key(self, guild_id: int, user_id: int, suffix: str) -> int:
        """Build the key by which an event of a hidden member is deduplicated instead of by the member."""
        assert self._privacy_key is not None
        digest = hash_member(self._privacy_key, guild_id=guild_id, user_id=user_id)
        return hash_event_key(f"{digest.hex()} {suffix}")

    def build_ticket_pseudonym(self, guild_id: int, user_id: int, thread_id: int) -> int:
        """Build the pseudonym of a member as the opener of one ticket."""
        assert self._privacy_key is not None
        return build_ticket_pseudonym(self._privacy_key, guild_id=guild_id, user_id=user_id, thread_id=thread_id)

    def _hide_member(self, event: ActivityEvent) -> ActivityEvent:
        key = event.key
        if event.kind == EventKind.JOIN:
            key = self.build_hidden_key(event.guild_id, event.user_id, f"join {event.at_ms // 1000}")
        elif event.kind == EventKind.LEAVE:
            key = self.build_hidden_key(event.guild_id, event.user_id, f"leave {event.at_ms // LEAVE_KEY_MS}")
        return event._replace(user_id=0, key=key)

    def _combine_choices(self, guild_id: int, user_id: int) -> MemberPrivacy:
        assert self._privacy_key is not None, "the database has privacy choices and was opened without the audit key"
        choices = [
            self._choices.get(digest, _NO_CHOICE)
            for digest in list_member_hashes(self._privacy_key, guild_id=guild_id, user_id=user_id)
        ]
        return MemberPrivacy(
            any(choice.is_opted_out for choice in choices), max(choice.erased_until_ms for choice in choices)
        )

    async def _refresh(self, fetch: Fetch) -> None:
        [version_row] = await fetch(VERSION_SQL)
        if version_row["version"] == self.version:
            return
        self._choices = {
            bytes(row["digest"]): MemberPrivacy(row["is_opted_out"], row["erased_until_ms"])
            for row in await fetch(CHOICES_SQL)
        }
        self._members.clear()
        self.version = version_row["version"]
