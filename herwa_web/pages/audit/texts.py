"""Texts of the audit log page."""

from datetime import date, datetime, time, timedelta

from herwa_shared.charts.formatting import format_day

LEAD = "Every change of this server's settings, from Discord, the dashboard and the API. Entries can't be edited."
FILTERS = "Filters"
KIND = "What"
ALL_KINDS = "All"
KINDS = {
    "features": "Features",
    "rules": "Access rules",
    "lists": "Channel lists",
    "requests": "Requests",
    "tickets": "Support channels",
    "settings": "Settings",
    "history": "Past messages",
    "keys": "API keys",
    "exports": "Exports",
    "widgets": "Widgets",
    "tier": "Tier",
}
ACTOR = "Who"
EVERYONE = "Everyone"
FROM, TO = "From", "To"
APPLY = "Apply"
CLEAR = "Clear filters"
UNDO = "Undo"
UNDONE = "Undone"
UNDID = "Reverts a change"
BEFORE, AFTER = "Before", "After"
REASON = "Reason"
NOTHING = "nothing"
OLDER = "Older"
NEWEST = "Newest"
TODAY, YESTERDAY = "Today", "Yesterday"
YES, NO = "yes", "no"
NO_ENTRIES = "No changes yet"
NO_ENTRIES_HINT = "Turn a feature on or off, or add an access rule: the change shows up here."
NO_MATCHES = "No changes match these filters"
NO_MATCHES_HINT = "Choose a longer period, or clear the filters."
SOURCES = {
    "discord": "Discord",
    "web": "Dashboard",
    "api": "API",
    "cli": "Herwa's operator",
    "system": "Automatic",
}
NOT_UNDOABLE = "This change can't be undone here."
FIXED_TARGETS = {
    "member": "a member",
    "history": "past messages",
    "deletion": "everything about this server",
    "operator": "the pages of this server as Herwa's operator",
}
"""Targets that have no name, by the first part of the action."""
AN_EXPORT = "export"
ERASED_MEMBER = "a member whose data was erased"
ACTIONS = {
    "rule.add": "added a rule about",
    "rule.update": "changed the rule about",
    "rule.remove": "deleted the rule about",
    "list.set": "limited the channels of",
    "list.clear": "removed the channel limit of",
    "tickets.mark": "made a support channel of",
    "tickets.unmark": "made an ordinary channel of",
    "setting.set": "changed",
    "rule_test.add": "added the test",
    "rule_test.remove": "deleted the test",
    "member.erase": "erased",
    "deletion.request": "requested the deletion of",
    "deletion.cancel": "canceled the deletion of",
    "history.import": "started to import",
    "history.pause": "paused the import of",
    "history.resume": "continued the import of",
    "export.create": "started",
    "export.pause": "paused",
    "export.resume": "resumed",
    "export.cancel": "canceled",
    "export.download": "downloaded",
    "export.delete": "deleted the file of",
    "request.dismiss": "declined a request for",
    "subscription.grant": "granted the tier",
    "subscription.extend": "extended the tier",
    "subscription.revoke": "ended the tier",
    "subscription.restore": "restored the tier",
    "subscription.expire": "ended the tier",
    "subscription.buy": "recorded the purchase of the tier",
    "subscription.change": "recorded a change of the bought tier",
    "subscription.refund": "recorded the refund of the tier",
    "operator.view": "viewed",
    "grant.add": "granted",
    "grant.revoke": "withdrew",
    "grant.restore": "restored",
    "api_key.create": "created the API key",
    "api_key.rotate": "replaced the API key",
    "api_key.revoke": "revoked the API key",
    "widget.create": "created the widget",
    "widget.set": "changed the widget",
    "widget.revoke": "revoked the widget",
}
"""Verbs of sentences, by action. Other actions are shown by their name."""


def format_toggle(title: str, *, enabled: bool) -> str:
    """Say that a feature or module was turned on or off."""
    return f"turned {title} {'on' if enabled else 'off'}"


def format_other_action(action: str, target: str) -> str:
    """Describe a change that has no sentence of its own."""
    return f"{action.replace('.', ' ').replace('_', ' ')} {target}".strip()


def format_key(name: str, hint: str) -> str:
    """Name an API key. `hint` is the end of the key."""
    return f"{name} (ends with {hint})"


def format_export(export_id: str) -> str:
    """Name an export."""
    return f"{AN_EXPORT} {export_id}"


def format_undone(text: str) -> str:
    """Confirm an undo."""
    return f"{text} In force in Discord within a second."


def format_day_title(day: date, today: date) -> str:
    """Name the day of a group of entries."""
    names = {today: TODAY, today - timedelta(days=1): YESTERDAY}
    return names.get(day) or f"{day:%a}, {format_day(datetime.combine(day, time()))}, {day.year}"
