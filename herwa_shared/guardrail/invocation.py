"""The invocation: the principal, the surface, the channel and the time of one request."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from herwa_shared.catalog import Surface
from herwa_shared.discord.constants import ADMINISTRATOR


class PrincipalKind(StrEnum):
    """The kind of principal, which determines the steps that apply.

    Members and administrators: all eight. API keys: the first three, the scope check and the cooldown. Widgets: the
    first three.
    """

    MEMBER = "member"
    ADMINISTRATOR = "administrator"
    """The owner of the guild, or a member with Discord's Administrator."""
    KEY = "key"
    WIDGET = "widget"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One request to use a surface. Create it with `from_member`, `from_key` or `from_widget`.

    `at` is in Unix seconds. `subjects` are the ids of the member and of their roles. `permissions` are Discord's
    permission bits; the owner has all of them. `channel_id` is the parent channel for a thread, and 0 if there is no
    channel, for example on a page. `remaining` is the number of uses that the rate limit still allows. `in_scope` is
    whether the API key has the scope of the surface.
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
        """Whether the principal is the owner or an administrator. Rules cannot lock them out."""
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
        """Build the invocation of a member: a command, a component of a command, or a page.

        `role_ids` does not need to contain the id of @everyone.
        """
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
        """Build the invocation of a client with an API key of this guild."""
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
        """Build the invocation of a viewer of an embedded widget."""
        return cls(guild_id=guild_id, surface=surface, at=at, principal_kind=PrincipalKind.WIDGET)
