"""All texts of the local Discord, with sample arguments."""

import pytest

from herwa_sim.texts import actions, authorization, channel, chaos, store, users
from tests.support.text_snapshots import render_texts

SAMPLES = {
    actions: {
        "format_message_length": [2000],
        "format_unknown_command": ["stats"],
        "format_hidden_command": ["stats"],
        "format_unknown_subcommand": ["features", "lst"],
        "format_subcommand_required": ["features"],
        "format_unknown_option": [("perod", ["period", "channel"]), ("perod", [])],
        "format_invalid_option": ["period", ["7d", "30d"]],
        "format_option_required": ["command"],
        "format_unknown_field": ["resaon", ["reason"]],
        "format_selection_size": ["channels", 1, 5],
        "format_invalid_selection": ["d", ["a", "b"]],
        "format_field_required": ["reason"],
        "format_field_length": ["reason"],
        "format_unknown_intents": [["voice"]],
        "format_missing_entity": ["Channel"],
        "format_missing_field": ["'content'"],
        "format_invalid_value": ["busy is none of online, idle, dnd, offline"],
        "format_no_history": ["Quiet"],
        "format_no_bot": ["Garden Club"],
        "format_bot_lost": ["Garden Club"],
        "format_row_values": [["sent_at", "author"]],
        "format_impossible_time": ["2031-01-01T00:00:00Z"],
        "format_port_in_use": [9000, "Address already in use"],
    },
    authorization: {
        "format_consent_title": ["Herwa"],
        "format_scopes_title": ["Herwa"],
        "format_add_bot_title": ["Herwa"],
        "format_bot_added": ["Herwa", "Garden Club"],
        "format_member_count": [(1,), (1204,)],
        "format_invalid_scope": [(["email"],), ([],)],
    },
    channel: {
        "format_page_title": ["#general", "Garden Club"],
        "format_message_placeholder": ["#general"],
        "format_cannot_write": ["Mei"],
        "format_bot_missing": ["Herwa"],
        "format_add_bot": ["Herwa"],
        "format_join_voice": ["Lounge"],
        "format_direct_messages": [(0,), (2,)],
        "format_allow_direct_messages": ["Herwa"],
        "format_no_messages": ["general"],
        "format_no_direct_messages": ["Herwa"],
        "format_thinking": ["Herwa"],
        "format_generated_text": [143],
        "format_length": [(1,), (1204,)],
        "format_react_with": ["🌱"],
        "format_unknown_component": [99],
    },
    chaos: {
        "format_shard": [0],
        "format_session": [(1, 1, 1), (1204, 1200, 0)],
        "format_fault_count": ["Duplicate events", 12],
        "format_share": [(0,), (25,), (100,)],
        "format_share_label": ["Duplicate events"],
        "format_next_label": ["Duplicate events"],
        "format_speed": [(0.5,), (4.0,)],
    },
    store: {
        "format_title": ["Herwa"],
        "format_lead": ["Ottilie"],
        "format_bought": ["Herwa Premium", "Garden Club"],
    },
    users: {
        "format_no_match": ["zoe"],
        "format_membership": ["Owns", "Garden Club"],
        "format_without_bot": ["Garden Club"],
        "format_more": [("Garden Club", 0), ("Garden Club, Pixel Forge", 2)],
        "format_in_no_server": ["Mei"],
    },
}


@pytest.mark.parametrize("module", SAMPLES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_texts(module, snapshot):
    assert render_texts(module, SAMPLES[module]) == snapshot
