"""Who sees the bot's commands, and where: what commands need by default, and what a server's managers set."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Overrides = Mapping[int, bool]
"""Whether the command is shown, by the id of a role, a member or a channel."""


class DiscordBlock(StrEnum):
    """Why Discord does not show a command to a member: a missing permission, or what is set under Integrations."""

    VIEW_CHANNEL = "view_channel"
    USE_APPLICATION_COMMANDS = "use_application_commands"
    INTEGRATIONS = "integrations"
    """What managers set under Integrations."""
    DEFAULT_PERMISSIONS = "default_permissions"
    """The permissions that the command needs as long as nothing is set under Integrations."""


@dataclass(frozen=True, slots=True)
class CommandPermissions:
    """What was set for all commands of the bot, and for single ones by the name of the command or command group.

    `defaults` are the permission bits that members need for a command by default; 0 is for administrators alone.
    """

    bot: Overrides = field(default_factory=dict)
    commands: Mapping[str, Overrides] = field(default_factory=dict)
    defaults: Mapping[str, int] = field(default_factory=dict)

    def find_block(
        self,
        command: str,
        *,
        member_id: int,
        role_ids: Collection[int],
        permissions: int,
        channel_id: int,
        guild_id: int,
    ) -> DiscordBlock | None:
        """Find what hides a command from a member who is no administrator; channel 0 is none in particular.

        What was set for the command goes before what was set for the bot, a channel before all channels, and a member
        before roles before everyone. Of several roles one that allows suffices. The default permissions of the command
        apply if nothing was set for the member, a role or everyone.
        """
        levels = (self.commands.get(command, {}), self.bot)
        places = ((channel_id,), (guild_id - 1,))  # Discord's id of all channels
        if _find_override(levels, places) is False:
            return DiscordBlock.INTEGRATIONS
        override = _find_override(levels, ((member_id,), role_ids, (guild_id,)))
        if override is not None:
            return None if override else DiscordBlock.INTEGRATIONS
        required = self.defaults.get(command)
        has_default = required is None or (required and not required & ~permissions)
        return None if has_default else DiscordBlock.DEFAULT_PERMISSIONS


def _find_override(levels: Sequence[Overrides], groups: Sequence[Collection[int]]) -> bool | None:
    for level in levels:
        for ids in groups:
            values = [level[id_] for id_ in ids if id_ in level]
            if values:
                return any(values)
    return None
