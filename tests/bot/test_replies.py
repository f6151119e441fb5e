"""Names in replies are escaped: no markup, mention or link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_bot.ui.escaping import escape


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
def test_escaped_name_has_no_markup(name, escaped):
    assert escape(name) == escaped


@given(st.text(max_size=100))
def test_escaped_name_has_no_mention_link_or_line_break(name):
    escaped = escape(name)
    assert not any(forbidden in escaped for forbidden in ("@everyone", "@here", "https://", "http://", "\n", "\r"))
    assert len(escaped) <= 2 * len(name) + 1 + name.count("@")


def test_mentions_of_everyone_are_escaped():
    assert "@everyone" not in escape("@everyone @here")
    assert "@here" not in escape("@everyone @here")
