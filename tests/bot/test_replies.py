"""Names in the bot's answers are text and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_bot.ui.replies import escape


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("Tea & Biscuits: R&D #1 - 日本 ☕", "Tea & Biscuits: R&D #1 - 日本 ☕"),
        ("**bold** _it_ ~~no~~ ||hid|| `x`", r"\*\*bold\*\* \_it\_ \~\~no\~\~ \|\|hid\|\| \`x\`"),
        ("<@1> <#2> <t:3> <:a:4>", r"\<@1\> \<#2\> \<t:3\> \<:a:4\>"),
        ("[here](https://x.org)", r"\[here\]\(https\://x.org\)"),
        ("two\nlines", "two lines"),
        ("\u202eback\u202c", "back"),
        ("\u061cbe\u3164side\u206f\U000e0041", "beside"),
        ("join discord.gg/evil", r"join discord.gg\/evil"),
    ],
)
def test_a_name_means_nothing_to_discord(name, escaped):
    assert escape(name) == escaped


@given(st.text(max_size=100))
def test_no_name_mentions_links_or_breaks_the_line(name):
    escaped = escape(name)
    assert not any(forbidden in escaped for forbidden in ("@everyone", "@here", "https://", "http://", "\n", "\r"))
    assert len(escaped) <= 2 * len(name) + 1 + name.count("@")


def test_mentions_of_everybody_are_broken():
    assert "@everyone" not in escape("@everyone @here")
    assert "@here" not in escape("@everyone @here")
