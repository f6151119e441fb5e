"""Selects of the access rules page: who, what and where."""

from typing import Any

import reflex as rx

from herwa_web.pages.rules import texts
from herwa_web.pages.rules.rule_form import EVERYONE_VALUE, EVERYTHING_VALUE, EVERYWHERE_VALUE
from herwa_web.pages.rules.state import RulesState
from herwa_web.pages.rules.trial import EACH_ROLE


def who_select(value: Any, label: Any, **props: Any) -> rx.Component:
    """Render the choice of everyone, a role, a member or a permission. `label` is that of a value without an option."""
    return rx.el.select(
        _other_option(value, label),
        rx.el.option(texts.EVERYONE, value=EVERYONE_VALUE),
        _group(texts.ROLES, RulesState.role_options),
        _group(texts.MEMBERS, RulesState.member_options),
        _group(texts.PERMISSIONS, RulesState.permission_options),
        name="who",
        default_value=value,
        **props,
    )


def subject_select() -> rx.Component:
    """Render the choice of a member, a member with only one role or none, or every role."""
    return rx.el.select(
        rx.el.option(texts.EACH_ROLE, value=EACH_ROLE),
        rx.el.option(texts.EVERYONE, value=EVERYONE_VALUE),
        _group(texts.MEMBERS, RulesState.member_options),
        _group(texts.AS_ROLE, RulesState.role_options),
        name="who",
    )


def what_select(value: Any, label: Any, **props: Any) -> rx.Component:
    """Render the choice of everything, a module, a feature or a command. `label` is as for `who_select`."""
    return rx.el.select(
        _other_option(value, label),
        rx.el.option(texts.EVERYTHING, value=EVERYTHING_VALUE),
        _group(texts.COMMANDS, RulesState.command_options),
        _group(texts.FEATURES, RulesState.feature_options),
        _group(texts.MODULES, RulesState.module_options),
        name="what",
        default_value=value,
        **props,
    )


def where_select(value: Any, label: Any, **props: Any) -> rx.Component:
    """Render the choice of everywhere, a channel or a category. `label` is as for `who_select`."""
    return rx.el.select(
        _other_option(value, label),
        rx.el.option(texts.EVERYWHERE, value=EVERYWHERE_VALUE),
        _group(texts.CHANNELS, RulesState.channel_options),
        _group(texts.CATEGORIES, RulesState.category_options),
        name="where",
        default_value=value,
        **props,
    )


def channel_select() -> rx.Component:
    """Render the choice of a channel, or none."""
    return rx.el.select(
        rx.el.option(texts.NO_CHANNEL, value=EVERYWHERE_VALUE),
        rx.foreach(RulesState.channel_options, lambda option: rx.el.option(option.label, value=option.value)),
        name="channel",
    )


def _other_option(value: Any, label: Any) -> rx.Component:
    """Render an option for a value that has none. Without it the browser would choose the first one."""
    return rx.cond(label != "", rx.el.option(label, value=value))


def _group(label: str, options: Any) -> rx.Component:
    return rx.el.optgroup(
        rx.foreach(options, lambda option: rx.el.option(option.label, value=option.value)), label=label
    )
