"""Every action that is recorded in an audit log has a sentence on the pages that show the log."""

import ast
import re
from collections.abc import Iterator

from herwa_web.pages.admin.audit import texts as operator_texts
from herwa_web.pages.audit import texts as audit_texts
from tests.architecture.test_names import PACKAGES, list_files, parse_tree

RECORD_FUNCTIONS = re.compile(r"(.*_)?record(_server_act|_entry)?")
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
TOGGLES = {"feature.set", "module.set"}
"""Described by `audit_texts.format_toggle` in a server's own log."""


def list_recorded_actions() -> Iterator[str]:
    """Yield the actions in calls that record an entry."""
    for path in list_files(*PACKAGES):
        for node in ast.walk(parse_tree(path)):
            if isinstance(node, ast.Call) and RECORD_FUNCTIONS.fullmatch(ast.unparse(node.func).split(".")[-1]):
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and ACTION.fullmatch(str(argument.value)):
                        yield str(argument.value)


def test_every_recorded_action_has_a_sentence():
    actions = set(list_recorded_actions())
    assert {"server.grant", "export.download", "kill_switch.set"} <= actions
    assert actions - set(operator_texts.ACTS) - set(audit_texts.ACTIONS) == set()
    assert set(operator_texts.ACTS) & set(audit_texts.ACTIONS) == set()


def test_act_is_a_sentence():
    assert operator_texts.format_act("server.grant", "123") == "Granted a tier to server 123"
    assert operator_texts.format_act("export.download", "7") == "Downloaded export 7"
    assert operator_texts.format_act("operator.view", "") == "Viewed the pages of this server as Herwa's operator"
    assert operator_texts.format_act("some.thing", "x") == "Some thing x"
