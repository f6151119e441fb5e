"""Texts of the routes about widgets, in the OpenAPI document."""

from collections.abc import Mapping

from herwa_shared.services.widget_settings import WINDOW_DAYS

WIDGET_TITLE = "Widget"
TAG = "Live cards of a server for other sites"
ROUTE_SUMMARIES: Mapping[str, str] = {
    "list_widgets": "Widgets",
    "create_widget": "Create a widget",
    "get_page": "The public page",
    "change_page": "Change the public page",
    "revoke_page": "Revoke the public page",
    "get_widget": "A widget",
    "change_widget": "Change a widget",
    "revoke_widget": "Revoke a widget",
}
ROUTE_DESCRIPTIONS: Mapping[str, str] = {
    "list_widgets": "Returns the widgets of the server, oldest first, then those that were revoked last. An API key "
    "needs the scope `widgets:read`.",
    "create_widget": "Creates a widget. It is off unless `is_on` is true. An API key needs the scopes `widgets:read` "
    "and `widgets:write`; so do all changes.",
    "get_page": "Returns the server's page for everyone with its address, its settings and its use. 404 before "
    "it is set up, and after it was revoked.",
    "change_page": "Changes the settings that the body has. The first change sets the page up; it is off unless "
    "`is_on` is true. After a revocation it sets up a page with a new address.",
    "revoke_page": "Revokes the page at once and for ever. Its address responds like one that never existed.",
    "get_widget": "Returns a widget with its addresses, its settings and its use.",
    "change_widget": "Changes the settings that the body has; all others stay. Visitors see the change at once, behind "
    "caches within a minute.",
    "revoke_widget": "Revokes a widget at once and for ever. Its addresses respond like addresses that never existed.",
}
PARAMETERS: Mapping[str, str] = {"widget_id": "The widget's id"}
FIELDS: Mapping[str, str] = {
    "public_id": "The unguessable id in the widget's addresses",
    "hidden_by": "Why visitors don't see it: `off`, `revoked` or `limit`, if the tier includes fewer widgets. Null: "
    "they do, as long as the feature is available",
    "page_url": "Address of the page",
    "urls": "Addresses of the widget's forms",
    "views": "Requests on each of the last 30 days (UTC), oldest first. Caches keep some from being counted",
    "clicks": "Visitors who followed its link on each of these days",
    "name": "For the managers of the server only",
    "is_on": "Whether visitors see it",
    "metrics": "One to four metrics",
    "channel_ids": "The channels of a channel list. Their names are visible to everyone",
    "days": f"Length of the window, today included: {', '.join(map(str, WINDOW_DAYS))}",
    "accent": "`#rrggbb`, or empty for the theme's color",
    "background": "`#rrggbb`, `transparent`, or empty for the theme's color",
    "radius": "Of the corners, in pixels",
    "sites": "Sites that may embed it as an iframe, with the script, or read its JSON: `https://example.com` or "
    "`https://*.example.com`. Empty: all",
    "invite": "Code or link of an invite of Discord, to which the widget links. Empty: no link",
}
