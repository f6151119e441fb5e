"""Texts of `/permissions`: rules, and the effect of a change of rules."""

from collections.abc import Mapping, Sequence

from herwa_bot.texts.phrases import format_capitalized, format_joined

DESCRIPTION = "Who can use what, where"
LIST_DESCRIPTION = "List access rules and open requests"
ALLOW_DESCRIPTION = "Allow access"
DENY_DESCRIPTION = "Block access"
REMOVE_DESCRIPTION = "Delete a rule"
OPTIONS: Mapping[str, str] = {
    "what": "Everything, a module, a feature or a command",
    "who": "Role or member (default: everyone)",
    "holding": "Or: anyone with this Discord permission",
    "where": "Channel or category (default: everywhere)",
    "until": "Duration or end: 2h, 3d, 2026-12-24 or 2026-12-24 18:00 (default: no end)",
    "note": "Reason (shown to blocked members)",
}
LIST_OPTIONS: Mapping[str, str] = {
    "what": "Only rules about this",
    "who": "Only rules that affect this role or member",
}
OPTION_RULE = "Rule, or its number"

PRECEDENCE = (
    "-# Most specific rule wins: member > role > permission > everyone,"
    " then command > feature > module > everything, then channel > category. Ties: blocked."
)
ADMINS_NEVER_BLOCKED = "-# The owner and admins are never blocked."
NO_RULES = "No rules yet, so defaults apply. Add one with `/permissions allow` or `/permissions deny`."
NO_MATCHING_RULES = "No matching rules."
RULE_NOT_FOUND = "This rule no longer exists. See `/permissions list`."
WHO_OR_HOLDING = 'Choose either "who" or "holding", not both.'
SAVE_QUESTION = "Save this rule?"
DELETE_QUESTION = "Delete this rule?"
RULE_CONTROL_WARNING = "⚠️ Anyone who can change rules can give themselves and others any access."
EXCEPTIONS_HEADING = "More specific rules still apply:"
YOU = "you"
MANAGERS = "members with Manage Server"
EVERYONE = "everyone"


def format_list_heading(server: str) -> str:
    """Format the heading of the list."""
    return f"**Access rules in {server}**\n{PRECEDENCE}"


def format_target_heading(target: str) -> str:
    """Format the heading of the rules about one target."""
    return f"**{format_capitalized(target)}**"


def format_entry(number: int, rule: str, *, allow: bool) -> str:
    """Format a rule of the list."""
    return f"{'✅' if allow else '⛔'} `#{number}` {rule}"


def format_choice(number: int, rule: str) -> str:
    """Format the label of a suggested rule."""
    return f"#{number} {rule}"


def format_bullet(number: int, rule: str) -> str:
    """Format a rule in a list within a reply."""
    return f"- `#{number}` {rule}"


def format_more_rules(count: int) -> str:
    """Format the number of rules that are not listed."""
    return f"- and {count} more"


def format_question(title: str, rule: str, lines: Sequence[str]) -> str:
    """Format the confirmation of a change with its effect."""
    return "\n".join([f"**{title}**", f"> {rule}", *lines, ADMINS_NEVER_BLOCKED])


def format_everyone(member_count: int) -> str:
    """Format everyone as the subject of a rule, with the number of members if it is known."""
    return f"{EVERYONE} ({member_count:,} members)" if member_count > 1 else EVERYONE


def format_gain(subject: str, commands: str, *, is_done: bool) -> str:
    """Format the commands that a subject gains."""
    verb = "can now use" if is_done else "will be able to use"
    return f"{format_capitalized(subject)} {verb} {commands}."


def format_loss(subject: str, commands: str, *, is_done: bool) -> str:
    """Format the commands that a subject loses."""
    verb = "can no longer use" if is_done else "will no longer be able to use"
    return f"{format_capitalized(subject)} {verb} {commands}."


def format_loss_warning(subject: str, commands: str, *, is_done: bool) -> str:
    """Format the commands that others than the rule's subject lose."""
    return f"⚠️ {format_loss(subject, commands, is_done=is_done)}"


def format_overridden(commands: str) -> str:
    """Format the commands for which more specific rules decide; those rules follow."""
    return f"⚠️ More specific rules still decide for {commands}:"


def format_no_effect(subject: str, *, allow: bool | None) -> str:
    """Format that a rule changes nothing. `allow` is None for a deleted rule."""
    if allow is None:
        return f"No effect: access stays the same for {subject}."
    verb = "can already use this" if allow else "can't use this anyway"
    return f"No effect yet: {subject} {verb}."


def format_admin_unaffected(subject: str) -> str:
    """Format that a rule does not apply to an administrator."""
    return f"⚠️ No effect: {subject} has Administrator in Discord, and admins are never blocked."


def format_open_to_everyone(commands: str, subject: str) -> str:
    """Format that everyone can use the commands already, and the other button."""
    return (
        f"Everyone can already use {commands}, so this rule alone blocks nobody."
        f" **Only {subject}** also blocks everyone else."
    )


def format_outside_discord(titles: Sequence[str], *, is_additional: bool) -> str:
    """Format the affected features outside Discord. `is_additional`: commands are affected too."""
    if is_additional:
        return f"Also applies outside Discord: {', '.join(titles)}."
    verb = "is" if len(titles) == 1 else "are"
    return f"{format_joined(titles)} {verb} on the dashboard or in the API, not in Discord."


def format_saved(number: int, rule: str, *, is_new: bool) -> str:
    """Format a saved rule."""
    return f"{'Saved' if is_new else 'Changed'} rule `#{number}`: {rule}"


def format_previous_version(rule: str) -> str:
    """Format a changed rule as it was before."""
    return f"Before: {rule}"


def format_replaced(number: int, rule: str) -> str:
    """Format a rule that a new one replaces."""
    return f"Replaces rule `#{number}`: {rule}"


def format_same_rule(number: int, rule: str) -> str:
    """Format a rule that exists already."""
    return f"Same as rule `#{number}`: {rule}"


def format_deleted(number: int, rule: str) -> str:
    """Format a deleted rule."""
    return f"Deleted rule `#{number}`: {rule}"
