"""Texts of the access rules page."""

from collections.abc import Sequence

from herwa_shared.charts.formatting import format_int
from herwa_shared.guardrail.verdict import StepOutcome

LEAD = "The most specific rule wins. The owner and admins are never blocked."
PRECEDENCE = (
    ("Who", "member > role > permission > everyone"),
    ("What", "command > feature > module > everything"),
    ("Where", "channel > category > everywhere"),
    ("Tie", "blocked wins"),
)
TABS = {
    "rules": "Rules",
    "matrix": "Matrix",
    "rights": "Dashboard",
    "try": "Try it",
    "templates": "Templates",
    "tests": "Tests",
    "requests": "Requests",
}
NEW_RULE = "New rule"
EDIT_RULE = "Edit rule"
EDIT, DELETE = "Edit", "Delete"
CLOSE_EDITOR = "Cancel"
ADD_TO_CHANGES = "Review change"
WHO, EFFECT, WHAT, WHERE, UNTIL, WHY = "Who", "Can or can't use", "What", "Where", "Until (optional)", "Why (optional)"
MAY, MAY_NOT, MAY_ALONE = "can use", "can't use", "alone can use"
EVERYONE, EVERYTHING, EVERYWHERE = "Everyone", "Everything", "Everywhere"
ROLES, MEMBERS, PERMISSIONS = "Roles", "Members active in the last 30 days", "Members with a Discord permission"
MODULES, FEATURES, COMMANDS = "Modules", "Features", "Commands"
CHANNELS, CATEGORIES = "Channels", "Categories"
NO_RULES = "No rules yet"
NO_RULES_HINT = "Everyone can use the commands that are open to everyone. Add a rule to change that."
ALLOWED, BLOCKED = "Allowed", "Blocked"
ENDED, IS_NEW, IS_CHANGED, IS_DELETED = "ended", "new", "changed", "deleted"
MATRIX_CAPTION = "Commands by role, without channel rules. A click adds a rule to your changes."
RIGHTS_CAPTION = (
    "Roles that open the dashboard, because Discord gives them Manage Server or Administrator. To keep a role from a "
    "page, add a rule about the page's feature: it also covers the commands of that feature."
)
PAGE = "Page"
ADMINISTRATOR = "always"
NO_RIGHTS = "Only the owner opens the dashboard"
NO_RIGHTS_HINT = "Give a role Manage Server in Discord to let its members in. Access rules then limit what they open."
NO_TESTS = "No tests yet"
NO_TESTS_HINT = "A test says what must always be true. It runs before each save; a save that would break it is refused."
NEW_TEST, ADD_TEST, DELETE_TEST = "New test", "Add test", "Delete this test"
TEST_NAME, TEST_PLACEHOLDER = "Name", "Mods can always use /ticket-stats"
WITHOUT_ROLES = "A member without roles"
PASSES, FAILS = "passes", "fails"
TEST_ADDED, TEST_REMOVED = "Test added.", "Test deleted."
CHOOSE_ROLE = "Choose a role from the list."
COMMAND = "Command"
INHERITED = "no rule for exactly this role"
OWN_RULE = "own rule"
TRY = "Check"
TRY_HINT = "See every step of the decision, with your unsaved changes included."
EACH_ROLE = "Each role: who can, who can't"
AS_ROLE = "A member with only this role"
COMMAND_TO_TRY, CHANNEL_TO_TRY = "Command", "Channel"
NO_CHANNEL = "No particular channel"
NOT_A_MEMBER = "This member has left the server"
REQUESTS_EMPTY = "No open requests"
REQUESTS_EMPTY_HINT = "Blocked members can ask for access in Discord. Their requests show up here."
ALLOW_DAY, DECLINE = "Allow for 24 hours", "Decline"
REQUEST_ALLOWED = "Allowed for 24 hours. In force in Discord within a second."
REQUEST_DECLINED = "Declined."
TEMPLATE_HINT = "A template fills in rules. You see the difference before anything is saved."
APPLY_TEMPLATE = "Preview"
TEMPLATE_ROLE = "Role"
TEMPLATES = {
    "only_role": ("Statistics for one role", "Only members with the role can use statistics commands."),
    "no_members": ("Statistics for managers", "Only members with Manage Server can use statistics commands."),
    "support_tickets": ("Ticket stats for one role", "Only members with the role can use /ticket-stats."),
    "reset": ("Start over", "Delete all rules. The default access applies again."),
}
"""Title and description, by template."""
CHOOSE_WHO = "Choose who the rule is about."
CHOOSE_WHO_ALONE = "Choose the role, member or permission that alone can use it."
CHOOSE_WHAT = "Choose what the rule is about."
INVALID_PLACE = "Choose a channel from the list."
INVALID_UNTIL = "Enter the end as a date and time."
PAST_UNTIL = "This end has passed. Choose a later one or none."
CHOOSE_ROLE = "Choose a role."
RULE_CONTROL = "Anyone who can change rules can give themselves and others any access."
NO_MEMBER_AFFECTED = "No member gains or loses access now."
YOU_LOSE = "You lose access yourself:"
MEMBERS_UNKNOWN = "Discord doesn't list this server's members now, so it is unknown who is affected."
OUTCOMES = {
    StepOutcome.ALLOWS: "allows",
    StepOutcome.REFUSES: "blocks",
    StepOutcome.NEUTRAL: "no objection",
    StepOutcome.SKIPPED: "skipped",
}


def format_test(who: str, command: str, *, allowed: bool) -> str:
    """Say what a test expects."""
    verb = "can" if allowed else "can't"
    return f"{who} {verb} use {command}"


def format_broken_test(name: str) -> str:
    """Say that a test fails with the unsaved changes."""
    return f"Breaks the test: {name}"


def format_tests_tab(failing: int) -> str:
    """Label the tab of tests with the number of those that fail."""
    return f"{TABS['tests']} ({format_int(failing)} failing)" if failing else TABS["tests"]


def format_right(role: str, page: str, *, allowed: bool) -> str:
    """Say whether a role may open a page."""
    verb = "can" if allowed else "can't"
    return f"{role} {verb} open {page}"


def format_member_option(name: str, user_id: int) -> str:
    """Label a member where two may have the same name."""
    return f"{name} (ID {user_id})"


def format_cell_label(role: str, command: str, *, allowed: bool, has_own_rule: bool) -> str:
    """Label a cell of the matrix."""
    verdict = ALLOWED if allowed else BLOCKED
    return f"{role}, {command}: {verdict}, {OWN_RULE if has_own_rule else INHERITED}"


def format_verdict(who: str, command: str, place: str, *, allowed: bool) -> str:
    """Say whether someone can use a command."""
    verb = "can" if allowed else "can't"
    return f"{who} {verb} use {command}{_format_place(place)}."


def format_role_verdict(command: str, place: str, allowed: int, total: int) -> str:
    """Say how many of the roles can use a command."""
    return f"{format_int(allowed)} of {format_int(total)} roles can use {command}{_format_place(place)}."


def format_member_count(count: int) -> str:
    """Format how many members have a role."""
    return "1 member" if count == 1 else f"{format_int(count)} members"


def format_gain(people: str, uses: Sequence[str], place: str) -> str:
    """Say who gains what."""
    return f"Gain {', '.join(uses)}{_format_place(place)}: {people}"


def format_loss(people: str, uses: Sequence[str], place: str) -> str:
    """Say who loses what."""
    return f"Lose {', '.join(uses)}{_format_place(place)}: {people}"


def format_people(names: Sequence[str], others: int) -> str:
    """List people by name, and the rest as a number."""
    more = f"{format_int(others)} {'other' if names else 'member'}{'' if others == 1 else 's'}" if others else ""
    if not names:
        return more
    listed = ", ".join(names)
    return f"{listed} and {more}" if more else listed


def format_request(command: str, channel: str, time: str) -> str:
    """Describe a request for access."""
    return f"{command}, from {channel}, {time}"


def format_requests_tab(count: int) -> str:
    """Label the tab of open requests."""
    return f"{TABS['requests']} ({count})" if count else TABS["requests"]


def _format_place(place: str) -> str:
    return f" in {place}" if place else ""
