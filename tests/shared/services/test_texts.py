"""All messages of the services about settings, with sample arguments."""

from herwa_shared.services import texts, widget_texts
from tests.support.text_snapshots import Keywords, render_texts

SAMPLES = {
    "format_broken_tests": [(["Mods can use /top", "No member can use /features"],)],
    "format_unknown_name": ["command", "voice-stat", ["voice-stats", "server-stats"]],
    "format_unlisted_name": [
        ("command", "x", ["help", "why"], Keywords(has_more=True)),
        ("command", "x", ["help"], Keywords(has_more=False)),
        ("command", "x", [], Keywords(has_more=False)),
    ],
    "format_always_available": ["/help"],
    "format_thread_place": ["help with keys"],
    "format_invalid_subject": ["role"],
    "format_note_too_long": [201, 200],
    "format_too_many_rules": [200],
    "format_too_many_places": [100],
    "format_too_many_support_channels": [50],
    "format_rule_not_found": [7],
    "format_request_blocked": ["voice-stats"],
    "format_feature_not_in_tier": ["Voice stats", "Premium", "Free"],
    "format_essential_feature": ["Access rules"],
    "format_essential_module": ["Essentials"],
    "format_rule_title": ["Voice stats"],
    "format_channel_list_title": ["the Voice module"],
    "format_changed_since": ["the Voice module"],
    "format_undo_removed": ["the rule about Voice stats"],
    "format_undo_restored": ["the rule about Voice stats"],
    "format_undo_toggled": [("Voice stats", Keywords(enabled=True)), ("the Voice module", Keywords(enabled=False))],
    "format_undo_reset": ["the channel list of Voice stats"],
    "format_key_limit": [(1,), (10,)],
    "format_invalid_key_name": [80],
    "format_invalid_test_name": [80],
    "format_too_many_tests": [50],
    "format_incomplete_scopes": ["members:read", "stats:read"],
    "format_too_many_networks": [20],
}
WIDGET_SAMPLES = {
    "format_widget_title": ["Blog"],
    "format_widget_limit": [(1,), (10,)],
    "format_invalid_widget_name": [60],
    "format_unknown_widget_setting": ["owner", ["name", "is_on"]],
    "format_invalid_widget_setting": ["days", ["7", "30", "90"]],
    "format_invalid_widget_count": ["metrics", 1, 4],
    "format_invalid_site": ["javascript:"],
    "format_invalid_color": ["accent"],
    "format_invalid_radius": [32],
}


def test_texts(snapshot):
    assert render_texts(texts, SAMPLES) == snapshot


def test_texts_about_widgets(snapshot):
    assert render_texts(widget_texts, WIDGET_SAMPLES) == snapshot
