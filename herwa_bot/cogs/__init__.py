"""Cogs: one module per command or command group; `COGS` lists all that the bot loads.

Besides its commands a cog may declare `menus` (context menus) and `persistent_buttons` (button classes that survive a
restart).
"""

from discord.ext import commands

from herwa_bot.cogs.channels import ChannelsCog
from herwa_bot.cogs.features import FeaturesCog
from herwa_bot.cogs.help import HelpCog
from herwa_bot.cogs.history import HistoryCog
from herwa_bot.cogs.permissions import PermissionsCog
from herwa_bot.cogs.premium import PremiumCog
from herwa_bot.cogs.privacy import PrivacyCog
from herwa_bot.cogs.stats import STATS_COGS
from herwa_bot.cogs.tickets import TicketsCog
from herwa_bot.cogs.top import TopCog
from herwa_bot.cogs.why import WhyCog

COGS: tuple[type[commands.Cog], ...] = (
    *STATS_COGS,
    TopCog,
    FeaturesCog,
    PermissionsCog,
    ChannelsCog,
    HistoryCog,
    TicketsCog,
    HelpCog,
    WhyCog,
    PremiumCog,
    PrivacyCog,
)
