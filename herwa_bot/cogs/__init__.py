"""One file a command, or a group of commands. `COGS` are all that the bot serves.

Beside its commands a cog may name `menus`, entries of context menus, and `persistent`, buttons that survive a restart.
"""

from discord.ext import commands

from herwa_bot.cogs.channels import ChannelsCog
from herwa_bot.cogs.features import FeaturesCog
from herwa_bot.cogs.help import HelpCog
from herwa_bot.cogs.permissions import PermissionsCog
from herwa_bot.cogs.premium import PremiumCog
from herwa_bot.cogs.stats import ServerStatsCog, TicketStatsCog, VoiceStatsCog
from herwa_bot.cogs.why import WhyCog

COGS: tuple[type[commands.Cog], ...] = (
    ServerStatsCog,
    VoiceStatsCog,
    TicketStatsCog,
    FeaturesCog,
    PermissionsCog,
    ChannelsCog,
    HelpCog,
    WhyCog,
    PremiumCog,
)
