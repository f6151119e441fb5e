"""Texts of the list of servers in the operator's panel."""

from collections.abc import Mapping

from herwa_shared.operators.server_criteria import ServerActivity, ServerSize, ServerTrouble

SEARCH = "Find a server"
SEARCH_HINT = "Name, id, owner, or last 4 characters of a key"
ANY = "Any"
TIER, SIZE, ACTIVITY, TROUBLE = "Tier", "Size", "Activity", "Trouble"
SIZES: Mapping[str, str] = {
    ServerSize.SMALL: "Under 100 members",
    ServerSize.MEDIUM: "100 to 999 members",
    ServerSize.LARGE: "1,000 members or more",
}
ACTIVITIES: Mapping[str, str] = {ServerActivity.ACTIVE: "Active today", ServerActivity.SILENT: "No events in 24 h"}
TROUBLES: Mapping[str, str] = {
    ServerTrouble.LEFT: "Bot left",
    ServerTrouble.GAP: "Gap now",
    ServerTrouble.NO_EVENTS: "No events for a day",
}
NO_MATCHES, NO_MATCHES_HINT = "No servers match", "Search for a shorter part of the name, or clear the filters."
NO_SERVERS, NO_SERVERS_HINT = "No servers yet", "Add the bot to one of your servers. It's listed here at once."
CLEAR = "Clear"
MORE = "Only the 50 largest are listed. Search for a longer part of the name."
APPLY = "Search"
