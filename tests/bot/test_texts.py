"""All texts of the bot, with sample arguments, and the descriptions of its commands."""

import pytest
from discord import app_commands

from herwa_bot.cogs import COGS
from herwa_bot.texts import (
    buttons,
    channels,
    errors,
    exports,
    features,
    history,
    names,
    permissions,
    phrases,
    policies,
    premium,
    privacy,
    refusals,
    requests,
    stats,
    tickets,
    top,
    welcome,
    why,
)
from herwa_bot.texts import help as help_texts
from herwa_shared.catalog import Limit
from tests.support.text_snapshots import Keywords, render_texts

TIME = "<t:1796148000:f>"
COMMANDS = "`/voice-stats`"
RULE = "@Mei can't use the Voice module: listen first"

SAMPLES = {
    welcome: {"format_welcome": [("https://example.org/g/1/start", "-# links"), ("", "")]},
    phrases: {
        "format_joined": [(["a"],), (["a", "b", "c"],), (["a", "b"], "or")],
        "format_count": [(1, "command"), (1200, "command"), (None, "command")],
        "format_commands": [
            (["voice-stats", "features list", "features enable"],),
            ([f"command-{number}" for number in range(10)],),
        ],
        "format_capitalized": ["the Voice module"],
        "format_option_label": ["Voice", "module"],
        "format_page_number": [2, 3],
    },
    buttons: {
        "format_undone": ["**Voice** is now off.", ["The Voice module is on again."]],
        "format_days": [30],
        "format_numbered": [1, "Allow for 24 hours"],
        "format_only": ["@Support"],
        "format_turn_off": ["Voice"],
    },
    policies: {
        "format_policy_links": [("https://example.org",), (None,)],
        "format_report_link": [("https://example.org",), (None,)],
    },
    privacy: {
        "format_activity": [
            ({"message": 1200, "reaction": 1, "voice": 5400, "command": 3}, TIME, TIME),
        ],
        "format_server": [("Book Club", {"message": 12, "voice": 5400}), ("Book Club", {})],
        "format_more_servers": [3],
        "format_name": ["Mei"],
        "format_access_requests": [2],
        "format_tickets": [1],
        "format_deletion_pending": ["5 minutes ago"],
        "format_deletion_done": ["5 minutes ago"],
        "format_opted_out": [
            (Keywords(everywhere=False, is_changed=True),),
            (Keywords(everywhere=True, is_changed=False),),
        ],
        "format_opted_in": [
            (Keywords(everywhere=False, is_changed=True, is_out_elsewhere=False),),
            (Keywords(everywhere=True, is_changed=False, is_out_elsewhere=False),),
            (Keywords(everywhere=False, is_changed=True, is_out_elsewhere=True),),
            (Keywords(everywhere=True, is_changed=True, is_out_elsewhere=True),),
        ],
        "format_question": [(Keywords(everywhere=False),), (Keywords(everywhere=True),)],
        "format_deleted": [TIME],
        "format_deletion_started": [TIME],
    },
    errors: {
        "format_no_match": [("voise", []), ("voise", ["Voice (module)", "Voice stats (feature)"])],
        "format_expiry_passed": ["Thu, Dec 24, 2026, 18:00"],
        "format_expiry_choice": [("Thu, Dec 24, 2026, 18:00", "24 hours"), ("Thu, Dec 24, 2026, 18:00",)],
    },
    names: {
        "format_at": ["Mei"],
        "format_user": [("Mei", "mei_42"), ("mei", "mei")],
        "format_channel": ["general"],
    },
    refusals: {
        "format_retry": ["in 5 seconds"],
        "format_allowed_channels": [
            (["#general"], Keywords(has_more=False)),
            (["#general", "#bots"], Keywords(has_more=False)),
            (["#general", "#bots", "#help"], Keywords(has_more=True)),
        ],
        "format_refusal": ["/voice-stats doesn't work in this channel.", "…", "Try #general."],
    },
    exports: {
        "format_ready": [
            ("The Garden", "<t:1764428400:f>", "https://example.org/g/1/exports"),
            ("The Garden", "<t:1764428400:f>", ""),
        ],
        "format_failed": [("The Garden", "disk_full", ""), ("The Garden", "", "")],
    },
    requests: {
        "format_declined_recently": [TIME],
        "format_posted_request": [("@Mei", "top", "#general")],
        "format_request_message": ["@Mei", "voice-stats", "Garden Club", "#general"],
        "format_request_entry": [1, "@Mei", "voice-stats", "#general", TIME],
        "format_requests_heading": [2],
        "format_more_requests": [3],
        "format_decision": [
            ("@Mei", "voice-stats", TIME, Keywords(is_notified=True)),
            ("@Mei", "voice-stats", TIME, Keywords(is_notified=False)),
            ("@Mei", "voice-stats", "", Keywords(is_notified=True)),
        ],
        "format_allowed_message": ["voice-stats", "Garden Club", TIME],
        "format_declined_message": ["voice-stats", "Garden Club"],
        "format_managers_only": ["Garden Club"],
    },
    history: {
        "format_started": [TIME],
        "format_period": [(TIME, TIME)],
        "format_messages": [(1, 0.2), (54_300, 812.3)],
        "format_channels": [(0, 1, 0.0), (3, 12, 0.25)],
        "format_time_left": ["<t:1796148000:R>"],
        "format_refused": [(1,), (2,)],
    },
    stats: {
        "format_history_start": ["Aug 31, 2026"],
        "format_period_choice": [30],
        "format_metric_option": ["Messages"],
        "format_tickets": [(0, 0, 0), (1_200, 9, 3)],
        "format_first_response": [("12 min", "3 h 5 min")],
        "format_responders": [[("@Mei", 1200), ("@Ada", 1)]],
        "format_heading": [("Garden Club", 30), ("Garden Club", 7, "12 members in voice")],
    },
    help_texts: {
        "format_announcement": ["Maintenance on Sunday at 9:00 UTC."],
        "format_module_heading": ["Voice"],
        "format_command": ["voice-stats"],
        "format_menu": ["Who is this"],
        "format_entry": [COMMANDS, "Voice activity chart"],
    },
    why: {
        "format_verdict": [
            ("/voice-stats", None, "#general", Keywords(allowed=True)),
            ("/voice-stats", "@Mei", "", Keywords(allowed=False)),
        ],
        "format_choice": ["/voice-stats", "Voice activity chart"],
    },
    premium: {
        "format_current_tier": [("Free",), ("Premium", TIME)],
        "format_extras": [["Voice stats", "50 commands per member and minute"]],
        "format_tier_heading": [("Free", Keywords(is_current=True)), ("Premium", Keywords(is_current=False))],
        "format_features": [
            (["Server stats", "Dashboard"],),
            ([],),
            (["Voice stats"], "Free"),
            ([], "Free"),
        ],
        "format_rates": [(30, 300), (1, None), (None, None)],
        "format_data_limits": [
            ({Limit.HISTORY_DAYS: 90, Limit.WIDGETS: 1, Limit.EXPORT_ROWS: 0, Limit.API_KEYS: 1},),
            ({Limit.HISTORY_DAYS: None, Limit.EXPORT_ROWS: None, Limit.REQUESTS_PER_MINUTE: 1_000},),
        ],
        "format_extra_limit": [*((limit, 50) for limit in Limit), *((limit, None) for limit in Limit)],
    },
    features: {
        "format_list_heading": ["Garden Club"],
        "format_module_heading": [("Voice", Keywords(enabled=True)), ("Voice", Keywords(enabled=False))],
        "format_turned_off_everywhere": ["Numbers are being repaired."],
        "format_needs_tier": ["Premium"],
        "format_entry": [("🟢", "Voice stats", "on", COMMANDS), ("🔒", "Overview", "always on", "")],
        "format_disable_question": [
            ("Voice", COMMANDS, Keywords(has_essential=False)),
            ("Governance", "", Keywords(has_essential=True)),
        ],
        "format_unchanged": [("Voice", Keywords(enabled=True)), ("Voice", Keywords(enabled=False))],
        "format_result": [
            ("Voice", COMMANDS, Keywords(enabled=True)),
            ("Voice", COMMANDS, Keywords(enabled=False)),
            ("Overview", "", Keywords(enabled=True)),
        ],
        "format_killed_blocker": ["Voice stats", "Numbers are being repaired."],
        "format_tier_blocker": ["Voice stats", "Premium"],
        "format_module_blocker": ["Voice"],
        "format_feature_blocker": ["Voice stats"],
        "format_blockers": [["⚪ **Voice stats** stays off (it was off before)."]],
    },
    top: {
        "format_subject": ["members", "Voice minutes"],
        "format_heading": ["Garden Club", "Top members by voice minutes", 30],
        "format_entry": [1, "Mei", "12 messages"],
        "format_empty": ["No messages"],
    },
    tickets: {
        "format_list_heading": ["Tea House"],
        "format_entry": ["#help"],
        "format_result": [
            ("#help", Keywords(is_marked=True, is_changed=True)),
            ("#help", Keywords(is_marked=True, is_changed=False)),
            ("#help", Keywords(is_marked=False, is_changed=True)),
            ("#help", Keywords(is_marked=False, is_changed=False)),
        ],
    },
    channels: {
        "format_list_heading": ["Garden Club"],
        "format_entry": [
            ("the Voice module", "#general, #bots", Keywords(is_continued=False)),
            ("the Voice module", "#help", Keywords(is_continued=True)),
        ],
        "format_more_channels": ["#general, #bots", 80],
        "format_no_commands": ["the Dashboard module"],
        "format_question": [
            ("Server stats", "#general", "`/server-stats`", ""),
            ("everything", "#general", "`/server-stats`, `/channels list`", "`/channels list`"),
        ],
        "format_already_allowed": ["Server stats", "#general"],
        "format_limited": [("Server stats", "#general", ""), ("the Voice module", "#general, #bots", "#bots")],
        "format_unlimited": ["Server stats", "#general"],
        "format_no_restriction": ["the Voice module"],
    },
    permissions: {
        "format_list_heading": ["Garden Club"],
        "format_target_heading": ["the Voice module"],
        "format_entry": [(7, RULE, Keywords(allow=False)), (8, "@Mei can use Voice stats", Keywords(allow=True))],
        "format_choice": [7, RULE],
        "format_bullet": [7, RULE],
        "format_more_rules": [4],
        "format_question": [permissions.SAVE_QUESTION, RULE, ["@Mei will no longer be able to use `/voice-stats`."]],
        "format_everyone": [(1204,), (0,)],
        "format_gain": [("@Mei", COMMANDS, Keywords(is_done=False)), ("@Mei", COMMANDS, Keywords(is_done=True))],
        "format_loss": [
            ("everyone (1,204 members)", COMMANDS, Keywords(is_done=False)),
            ("@Mei", COMMANDS, Keywords(is_done=True)),
        ],
        "format_loss_warning": [("you", "`/permissions list`", Keywords(is_done=False))],
        "format_overridden": [COMMANDS],
        "format_no_effect": [
            ("@Mei", Keywords(allow=True)),
            ("@Mei", Keywords(allow=False)),
            ("@Mei", Keywords(allow=None)),
        ],
        "format_admin_unaffected": ["@Boss"],
        "format_open_to_everyone": [COMMANDS, "@Support"],
        "format_outside_discord": [
            (["Overview"], Keywords(is_additional=False)),
            (["Overview", "Statistics API"], Keywords(is_additional=True)),
        ],
        "format_saved": [(7, RULE, Keywords(is_new=True)), (7, RULE, Keywords(is_new=False))],
        "format_previous_version": [RULE],
        "format_replaced": [7, RULE],
        "format_same_rule": [7, RULE],
        "format_deleted": [7, RULE],
    },
}


@pytest.mark.parametrize("module", SAMPLES, ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def test_texts(module, snapshot):
    assert render_texts(module, SAMPLES[module]) == snapshot


def test_command_descriptions(snapshot):
    lines = [line for cog in COGS for command in cog.__cog_app_commands__ for line in describe_command(command)]
    assert "\n".join(lines) == snapshot


def describe_command(command):
    """Describe a command or group with its subcommands, options and choices."""
    yield f"/{command.qualified_name}: {command.description}"
    if isinstance(command, app_commands.Group):
        for subcommand in command.commands:
            yield from describe_command(subcommand)
        return
    for parameter in command.parameters:
        choices = ", ".join(str(choice.name) for choice in parameter.choices)
        yield f"  {parameter.name}: {parameter.description}{f' [{choices}]' if choices else ''}"
