"""The invocation: who runs what, where and when."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from herwa_shared.catalog import Surface
from herwa_shared.discord.constants import ADMINISTRATOR


class PrincipalKind(StrEnum):
    """Whose steps are asked: a person's all eight; a key's the first three, its scopes, cooldown; a widget's three."""

    MEMBER = "member"
    ADMINISTRATOR = "administrator"
    """The owner of the guild, or a member with Discord's Administrator."""
    KEY = "key"
    WIDGET = "widget"


@dataclass(frozen=True, slots=True)
class Invocation:
    """Made by `by_member`, `by_key` or `by_widget`.

    `at` is in seconds since 1970. `subjects` are the ids of the member and their roles. `permissions` are Discord's
    bits, all of them for the owner. `channel_id` is the thread's parent for a thread; 0 where there is no channel, as
    on a page. `left` is how often the command rate still allows it, `in_scope` whether the key has the scope.
    """

    guild_id: int
    surface: Surface
    at: float
    principal_kind: PrincipalKind = PrincipalKind.MEMBER
    member_id: int = 0
    subjects: frozenset[int] = frozenset()
    permissions: int = 0
    channel_id: int = 0
    category_id: int = 0
    remaining: int = 1
    in_scope: bool = True

    @property
    def is_administrator(self) -> bool:
        """Nobody can lock them out."""
        return self.principal_kind == PrincipalKind.ADMINISTRATOR

    @classmethod
    def from_member(
        cls,
        *,
        guild_id: int,
        surface: Surface,
        at: float,
        member_id: int,
        role_ids: Iterable[int],
        permissions: int,
        is_owner: bool = False,
        channel_id: int = 0,
        category_id: int = 0,
        remaining: int = 1,
    ) -> Self:
        """A member uses a command, a component of one, or a page. `role_ids` need not hold @everyone."""
        return cls(
            guild_id=guild_id,
            surface=surface,
            at=at,
            principal_kind=PrincipalKind.ADMINISTRATOR
            if is_owner or permissions & ADMINISTRATOR
            else PrincipalKind.MEMBER,
            member_id=member_id,
            subjects=frozenset((member_id, *role_ids)),
            permissions=-1 if is_owner else permissions,
            channel_id=channel_id,
            category_id=category_id if channel_id else 0,
            remaining=remaining,
        )

    @classmethod
    def from_key(cls, *, guild_id: int, surface: Surface, at: float, in_scope: bool, remaining: int = 1) -> Self:
        """A program with an API key of this guild."""
        return cls(
            guild_id=guild_id,
            surface=surface,
            at=at,
            principal_kind=PrincipalKind.KEY,
            in_scope=in_scope,
            remaining=remaining,
        )

    @classmethod
    def from_widget(cls, *, guild_id: int, surface: Surface, at: float) -> Self:
        """Whoever sees a widget."""
        return cls(guild_id=guild_id, surface=surface, at=at, principal_kind=PrincipalKind.WIDGET)
