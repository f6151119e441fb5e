"""Messages of the services about settings: errors, and the results of an undo."""

from collections.abc import Sequence

# Rules and channel lists
UNKNOWN_SERVER = "Herwa doesn't know this server yet. Try again in a minute."
SETTINGS_BUSY = "Another change of this server's settings is in progress. Nothing was saved. Try again in a minute."
NOT_SAVED = "Not saved: the database is temporarily unavailable. Try again in a few minutes."
SAVE_UNCONFIRMED = "Couldn't confirm that this was saved. Check the current settings before you try again."
SETTINGS_CHANGED = "These settings were changed while you edited them. Nothing was saved."
IDEMPOTENCY_KEY_REUSED = "This Idempotency-Key was used for another request. Use a new key for each request."
REQUEST_IN_PROGRESS = "A request with this Idempotency-Key is still running. Try again in a few seconds."
RESPONSE_LOST = "A request with this Idempotency-Key was done, but its response isn't available anymore."
EVERYTHING_HAS_NO_KEY = "Leave the key empty for everything."
EVERYWHERE_HAS_NO_ID = "Leave the place's id empty for everywhere."
EVERYONE_HAS_NO_ID = "Leave the subject's id empty for everyone."
UNKNOWN_PERMISSION = "Discord has no such permission. Pick one from the list."
INVALID_PLACE = "Invalid channel. Pick one from the list."
FOREIGN_PLACE = "This channel belongs to another server. Pick one of this server."
END_PASSED = "This end date has passed. Choose a later one or none."
DUPLICATE_RULE = "Can't be undone: a new rule with the same scope exists."
NO_PLACES = "Choose at least one channel or category, or clear the list."

# Settings of the server
UNKNOWN_SETTING = "There is no such setting."
INVALID_WEEK_START = "A week starts on Monday, Saturday or Sunday."
INVALID_AUDIENCE = "Choose who sees data about members from the list."
TOO_MANY_SUBSCRIBERS = "20 managers already get these messages. One of them has to switch them off first."
GUILD_SETTING_TITLES = {
    "timezone": "the time zone",
    "week_start": "the first day of the week",
    "member_audience": "the setting who sees data about members",
    "request_channel_id": "the channel for access requests",
}

# Tests of rules
UNKNOWN_TEST = "This test no longer exists."
TEST_NAME_TAKEN = "A test with this name exists already."

# Support channels
SUPPORT_CHANNEL_TITLE = "the support channel"

# Access requests
REQUEST_RULE_NOTE = "access request"
REQUEST_NOT_FOUND = "This request no longer exists."
REQUEST_ALREADY_DECIDED = "This request was already answered."
REQUEST_ALREADY_ALLOWED = "This request was already allowed."
REQUEST_ALREADY_DECLINED = "This request was already declined."

# API keys
UNKNOWN_KEY = "This key doesn't exist in this server."
KEY_NOT_VALID = "This key has ended or was replaced already. Create a new one."
INVALID_OVERLAP = "The overlap must be between 0 and 720 hours."
INVALID_EXPIRY = "A key must expire in the future, at most ten years from now."
LEAK_REPORT = "Report of a leaked key"
LEAK_REASON = "The key was reported as leaked."
NO_SCOPES = "Choose at least one scope."
INVALID_NETWORK = "A network must be an IP address, or a range such as 192.0.2.0/24."

# Features
NOT_IN_TIER = "This server's tier doesn't include this feature. See /premium."
ESSENTIAL = "Essential features can't be turned off."

# Back-fill
BACKFILL_RUNNING = "The import is already running. `/history status` shows how far it is."
BACKFILL_PAUSED = "The import is paused. `/history resume` lets it go on."
BACKFILL_FINISHED = "The import is finished. There is nothing more that this server's tier includes."
NO_BACKFILL = "No import was started. `/history import` starts one."
NOTHING_TO_BACKFILL = "There is nothing to import: this server is new, or its tier doesn't reach back further."

# Undo
NOT_UNDOABLE = "This kind of change can't be undone."
ERASED_MEMBER = "Can't be undone: the member has erased their data."


def format_broken_tests(names: Sequence[str]) -> str:
    """Say that a change of rules was refused because of tests."""
    return f"Not saved, because it breaks: {', '.join(names)}. Change the rules, or delete the test."


def format_unknown_name(kind: str, name: str, suggestions: Sequence[str]) -> str:
    """Format the message for a feature, module or command that does not exist, with similar names."""
    return f'No {kind} "{name}". Did you mean {" or ".join(suggestions)}?'


def format_unlisted_name(kind: str, name: str, known_names: Sequence[str], *, has_more: bool) -> str:
    """Format the message for a name without similar ones: the known names, or how to register them."""
    if not known_names:
        return f'No {kind} "{name}": none is registered yet. Run `herwa discover`.'
    return f'No {kind} "{name}". Choose one of {", ".join(known_names)}{" and others" if has_more else ""}.'


def format_always_available(name: str) -> str:
    """Format the message for a target to which rules and lists do not apply."""
    return f"{name} is always available to everyone, so it can't be changed."


def format_thread_place(name: str) -> str:
    """Format the message for a thread that was chosen as a place."""
    return f'"{name}" is a thread, and threads follow their channel. Choose the channel.'


def format_invalid_subject(kind: str) -> str:
    """Format the message for an invalid id of a member or role."""
    return f"Invalid {kind}. Pick one from the list."


def format_note_too_long(length: int, max_length: int) -> str:
    """Format the message for a note that is too long."""
    return f"The reason is too long ({length} of {max_length} characters)."


def format_too_many_rules(max_count: int) -> str:
    """Format the message for a server with the highest number of rules."""
    return f"This server has the maximum of {max_count} rules. Delete one first."


def format_too_many_places(max_count: int) -> str:
    """Format the message for a channel list that is too long."""
    return f"A list has at most {max_count} channels. Use a category instead of its channels."


def format_too_many_support_channels(max_count: int) -> str:
    """Format the message for a server with the highest number of support channels."""
    return f"This server has the maximum of {max_count} support channels. Unmark one first."


def format_rule_not_found(rule_id: int) -> str:
    """Format the message for a rule that was deleted."""
    return f"Rule #{rule_id} no longer exists."


def format_request_blocked(command: str) -> str:
    """Format the message for a request whose member is blocked by a rule of their own."""
    return f"A rule blocks this member from /{command}. Delete that rule first."


def format_feature_not_in_tier(feature: str, required_tier: str, tier: str) -> str:
    """Format the message for a feature that a higher tier includes."""
    return f"{feature} needs {required_tier}. This server is on {tier}."


def format_essential_feature(feature: str) -> str:
    """Format the message for a feature that cannot be turned off."""
    return f"{feature} is essential and can't be turned off."


def format_essential_module(module: str) -> str:
    """Format the message for a module whose features are all essential."""
    return f"All features of {module} are essential and can't be turned off."


def format_rule_title(target: str) -> str:
    """Format the name of a rule within a sentence."""
    return f"the rule about {target}"


def format_channel_list_title(target: str) -> str:
    """Format the name of a channel list within a sentence."""
    return f"the channel list of {target}"


def format_changed_since(title: str) -> str:
    """Format the message for an undo of a setting that was changed again."""
    return f"Can't be undone: {title} was changed again."


def format_undo_removed(title: str) -> str:
    """Format the result of an undo that removed a setting."""
    return f"{_capitalize(title)} is removed again."


def format_undo_restored(title: str) -> str:
    """Format the result of an undo that restored a setting."""
    return f"{_capitalize(title)} is back."


def format_undo_toggled(title: str, *, enabled: bool) -> str:
    """Format the result of an undo that turned a feature or module on or off."""
    return f"{_capitalize(title)} is {'on' if enabled else 'off'} again."


def format_undo_reset(title: str) -> str:
    """Format the result of an undo that restored an earlier value."""
    return f"{_capitalize(title)} is as before."


def _capitalize(title: str) -> str:
    return title[:1].upper() + title[1:]


def format_key_limit(limit: int) -> str:
    """Format that a server has all API keys that its tier allows."""
    keys = "1 API key" if limit == 1 else f"{limit} API keys"
    return f"This server's tier allows {keys}. Revoke one first, or see /premium."


def format_invalid_key_name(max_length: int) -> str:
    """Format what the name of an API key must be."""
    return f"Give the key a name of 1 to {max_length} characters."


def format_incomplete_scopes(scope: str, required: str) -> str:
    """Format that a scope of an API key allows nothing without another one."""
    return f"The scope {scope} needs {required} too."


def format_too_many_networks(max_networks: int) -> str:
    """Format how many networks an API key may have."""
    return f"A key can have at most {max_networks} networks."


def format_invalid_test_name(max_length: int) -> str:
    """Format what the name of a test must be."""
    return f"Give the test a name of 1 to {max_length} characters."


def format_too_many_tests(max_count: int) -> str:
    """Format the message for a server with the highest number of tests."""
    return f"This server has the maximum of {max_count} tests. Delete one first."
