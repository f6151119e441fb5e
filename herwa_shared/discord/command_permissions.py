"""Who sees the bot's commands, and where, as a server's managers set it in Discord under Integrations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

Overrides = Mapping[int, bool]
"""Whether the command is shown, by the id of a role, a member or a channel."""


@dataclass(frozen=True, slots=True)
class CommandPermissions:
    """What was set for all commands of the bot, and for single ones by the name of the command or command group."""

    bot: Overrides = field(default_factory=dict)
    commands: Mapping[str, Overrides] = field(default_factory=dict)

    def is_shown(
        self, command: str, *, member_id: int, role_ids: Collection[int], channel_id: int, guild_id: int
    ) -> bool:
        """Return whether Discord shows a command to a member who is no administrator; channel 0 is none in particular.

        What was set for the command goes before what was set for the bot, a channel before all channels, and a member
        before roles before everyone. Of several roles one that allows suffices.
        """
        levels = (self.commands.get(command, {}), self.bot)
        people = ((member_id,), role_ids, (guild_id,))
        places = ((channel_id,), (guild_id - 1,))  # Discord's id of all channels
        return _find_override(levels, places) is not False and _find_override(levels, people) is not False


def _find_override(levels: Sequence[Overrides], groups: Sequence[Collection[int]]) -> bool | None:
    for level in levels:
        for ids in groups:
            values = [level[id_] for id_ in ids if id_ in level]
            if values:
                return any(values)
    return None
