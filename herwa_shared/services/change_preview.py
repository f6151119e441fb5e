"""What changes of settings would do: they are saved, the policy is loaded, and everything is rolled back.

So a preview validates exactly what a save validates, and compares exactly the policies that would be in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.discord.guild_reader import GuildMemberInfo, GuildRole, compute_permissions
from herwa_shared.guardrail.impact import HypotheticalMember
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.services.audit import Actor
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.rule_tests import RolePermissions
from herwa_shared.services.setting_changes import SettingChange, save_changes


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """The policy of a guild before and after changes that were not saved."""

    before: GuildPolicy
    after: GuildPolicy


async def preview_changes(
    session: AsyncSession,
    *,
    guild_id: int,
    changes: Sequence[SettingChange],
    actor: Actor,
    role_permissions: RolePermissions | None,
) -> ChangePreview:
    """Compute the policies before and after the changes, without saving them. Raises what `save_changes` raises."""
    global_policy = await load_global_policy(session)
    before = await load_policy(session, guild_id=guild_id, global_policy=global_policy)
    async with session.begin_nested() as savepoint:
        await save_changes(session, guild_id=guild_id, changes=changes, actor=actor, role_permissions=role_permissions)
        after = await load_policy(session, guild_id=guild_id, global_policy=global_policy)
        await savepoint.rollback()
    return ChangePreview(before, after)


def build_hypothetical_members(
    members: Sequence[GuildMemberInfo], roles: Sequence[GuildRole], *, guild_id: int, owner_id: int
) -> list[HypotheticalMember]:
    """Build members as the guardrail sees them, with the permissions that their roles give in the whole server."""
    roles_by_id = {role.id: role for role in roles}
    return [
        HypotheticalMember(
            member.id,
            member.role_ids,
            compute_permissions(member, roles_by_id, None, guild_id=guild_id, owner_id=owner_id),
        )
        for member in members
    ]
