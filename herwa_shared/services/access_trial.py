"""Try a command as a member, or as a member with some roles: Discord's permissions and every step of the guardrail."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from herwa_shared.catalog import Surface, SurfaceKind
from herwa_shared.discord.command_permissions import DiscordBlock
from herwa_shared.discord.constants import USE_APPLICATION_COMMANDS, VIEW_CHANNEL
from herwa_shared.discord.guild_reader import GuildMemberInfo, GuildReader, GuildRole, compute_permissions
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.impact import UNUSED_MEMBER_ID
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.guardrail.verdict import Trace
from herwa_shared.services.channels import PlaceInfo


@dataclass(frozen=True, slots=True)
class AccessTrial:
    """What is tried: a command as a member, in a channel or (None) in no particular one. `at` is in Unix seconds."""

    member: GuildMemberInfo
    surface: Surface
    place: PlaceInfo | None
    at: float


@dataclass(frozen=True, slots=True)
class TrialResult:
    """The trace of the guardrail, and what keeps Discord from showing the command at all."""

    trace: Trace
    discord_block: DiscordBlock | None

    @property
    def is_allowed(self) -> bool:
        """Whether the member can use the command."""
        return self.discord_block is None and self.trace.verdict.allowed


def build_role_member(role_ids: Collection[int]) -> GuildMemberInfo:
    """Build a member who has only these roles, besides @everyone."""
    return GuildMemberInfo(UNUSED_MEMBER_ID, "", frozenset(role_ids), is_bot=False)


async def try_access(
    trial: AccessTrial, policy: GuildPolicy, reader: GuildReader, *, roles: Sequence[GuildRole], owner_id: int
) -> TrialResult:
    """Evaluate every step with this policy. `roles` are those of the guild. Raises DiscordUnavailable."""
    place, guild_id = trial.place, policy.guild_id
    channel = (await reader.list_channel_permissions(guild_id)).get(place.id) if place else None
    roles_by_id = {role.id: role for role in roles}
    permissions = compute_permissions(trial.member, roles_by_id, channel, guild_id=guild_id, owner_id=owner_id)
    invocation = Invocation.from_member(
        guild_id=guild_id,
        surface=trial.surface,
        at=trial.at,
        member_id=trial.member.id,
        role_ids=trial.member.role_ids,
        permissions=permissions,
        is_owner=trial.member.id == owner_id,
        channel_id=place.id if place else 0,
        category_id=place.category_id if place else 0,
    )
    return TrialResult(explain(invocation, policy), await find_discord_block(invocation, reader))


async def find_discord_block(invocation: Invocation, reader: GuildReader) -> DiscordBlock | None:
    """Find what keeps Discord from showing the command to its member at all. Raises DiscordUnavailable."""
    if invocation.is_administrator:
        return None
    if invocation.channel_id and not invocation.permissions & VIEW_CHANNEL:
        return DiscordBlock.VIEW_CHANNEL
    if not invocation.permissions & USE_APPLICATION_COMMANDS:
        return DiscordBlock.USE_APPLICATION_COMMANDS
    key = invocation.surface.key
    command_permissions = await reader.load_command_permissions(invocation.guild_id)
    return command_permissions.find_block(
        key.split()[0] if invocation.surface.kind is SurfaceKind.COMMAND else key,
        member_id=invocation.member_id,
        role_ids=invocation.subjects - {invocation.member_id},
        permissions=invocation.permissions,
        channel_id=invocation.channel_id,
        guild_id=invocation.guild_id,
    )
