"""One file a command, or a group of commands. `COGS` are all that the bot serves.

Beside its commands a cog may name `menus`, entries of context menus, and `persistent`, buttons that survive a restart.
"""

from discord.ext import commands

from herwa_bot.cogs.channels import Channels
from herwa_bot.cogs.features import Features
from herwa_bot.cogs.help import Help
from herwa_bot.cogs.permissions import Permissions
from herwa_bot.cogs.premium import Premium
from herwa_bot.cogs.stats import ServerStats, TicketStats, VoiceStats
from herwa_bot.cogs.why import Why

COGS: tuple[type[commands.Cog], ...] = (
    ServerStats,
    VoiceStats,
    TicketStats,
    Features,
    Permissions,
    Channels,
    Help,
    Why,
    Premium,
)
