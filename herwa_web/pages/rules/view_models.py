"""View models of the access rules page: rules as sentences, the matrix, requests."""

from collections.abc import Mapping
from dataclasses import dataclass

from herwa_shared.catalog import FEATURES, MODULES, Essential, Surface
from herwa_shared.discord.constants import ADMINISTRATOR
from herwa_shared.guardrail.impact import HypotheticalMember
from herwa_shared.guardrail.member_impact import compute_access_matrix
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.precedence import get_precedence
from herwa_shared.guardrail.texts import format_command, format_rule
from herwa_shared.services.access_rules import parse_rule, to_access_rule
from herwa_shared.services.audited_settings import SettingValue
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.data import RulesData

MAX_MATRIX_ROLES = 12


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule. `key` is its id, or the key of the unsaved change that adds it; `state` is a badge."""

    key: str
    allow: bool
    sentence: str
    note: str
    state: str
    tone: str
    is_deleted: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """Whether a role can use a command. A click on it changes the rule for exactly this role and command."""

    key: str
    allowed: bool
    has_own_rule: bool
    is_changed: bool
    text: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A command, and the cell of each role. `module` is the heading above it, if it is the first of its module."""

    command: str
    module: str
    cells: list[MatrixCell]


@dataclass(frozen=True, slots=True)
class RequestRow:
    """An open request for access."""

    key: str
    member: str
    detail: str


Draft = Mapping[str, SettingChange]
MatrixColumn = tuple[SubjectKind, int, str, HypotheticalMember]
"""A column of the matrix: kind and id of its subject, its label, and a member who has only it."""


def build_rule_rows(data: RulesData, draft: Draft) -> list[RuleRow]:
    """Build the rows of all rules in order of precedence, with the unsaved changes."""
    changes = {change.target: (key, change) for key, change in draft.items() if change.target}
    rows: list[tuple[AccessRule, RuleRow]] = []
    for rule_id, value in data.saved_rules.items():
        _, change = changes.get(str(rule_id), ("", None))
        shown = value if change is None or change.after is None else change.after
        rows.append(_build_rule_row(str(rule_id), shown, data, change))
    for key, change in draft.items():
        if not change.target and change.after is not None:
            rows.append(_build_rule_row(key, change.after, data, change))
    return [row for _, row in sorted(rows, key=lambda item: get_precedence(item[0]))]


def build_matrix(data: RulesData, policy: GuildPolicy, changed_keys: set[str]) -> list[MatrixRow]:
    """Build the matrix of commands and roles with the rules of `policy`, without channels."""
    rows: list[MatrixRow] = []
    columns = list_matrix_members(data)
    surfaces = sorted(_list_configurable(data), key=_get_module_order)
    matrix = compute_access_matrix(policy, surfaces, [member for _, _, _, member in columns], at=data.now.timestamp())
    last_module = ""
    for surface, verdicts in zip(surfaces, matrix, strict=True):
        module = MODULES[FEATURES[surface.feature].module].title
        cells = [
            _build_cell(surface, column, policy, changed_keys, allowed=allowed)
            for column, allowed in zip(columns, verdicts, strict=True)
        ]
        rows.append(MatrixRow(format_command(surface.key), "" if module == last_module else module, cells))
        last_module = module
    return rows


def list_matrix_members(data: RulesData) -> list[MatrixColumn]:
    """List the columns of the matrix: everyone and the highest roles of people, each with a member who has only it."""
    everyone = next((role.permissions for role in data.roles if role.id == data.guild.id), 0)
    ruled = {rule.subject_id for rule in data.policy.rules if rule.subject_kind == SubjectKind.ROLE}
    roles = [role for role in data.roles if role.id != data.guild.id and (not role.is_managed or role.id in ruled)]
    roles.sort(key=lambda role: role.id not in ruled)
    columns = [(SubjectKind.EVERYONE, 0, texts.EVERYONE, HypotheticalMember(permissions=everyone))]
    return columns + [
        (
            SubjectKind.ROLE,
            role.id,
            f"@{role.name}",
            HypotheticalMember(role_ids=frozenset([role.id]), permissions=everyone | role.permissions),
        )
        for role in roles[:MAX_MATRIX_ROLES]
    ]


def build_request_rows(data: RulesData) -> list[RequestRow]:
    """Build the rows of open requests, oldest first."""
    return [
        RequestRow(
            str(request.id),
            request.user_name,
            texts.format_request(
                format_command(request.command),
                data.names.format_channel(request.channel_id),
                data.names.format_time(request.requested_at.timestamp()),
            ),
        )
        for request in data.requests
    ]


def build_cell_change(key: str, data: RulesData, policy: GuildPolicy) -> SettingChange | None:
    """Build the change of a click on a cell: the rule for exactly this role and command turns around or is added."""
    kind, _, rest = key.partition(":")
    id_, _, command = rest.partition(":")
    column = next((item for item in list_matrix_members(data) if (item[0], str(item[1])) == (kind, id_)), None)
    surface = next((item for item in _list_configurable(data) if item.key == command), None)
    if column is None or surface is None:
        return None
    if column[3].permissions & ADMINISTRATOR:
        return None  # rules do not apply to administrators
    [[allowed]] = compute_access_matrix(policy, [surface], [column[3]], at=data.now.timestamp())
    own = _find_own_rule(policy, kind, int(id_), command)
    after: dict[str, object] | None = {
        "allow": not allowed,
        "subject_kind": kind,
        "subject_id": id_,
        "target_kind": str(TargetKind.COMMAND),
        "target_key": command,
        "place_kind": str(PlaceKind.EVERYWHERE),
        "place_id": "0",
        "until": None,
        "note": "",
    }
    saved = next(
        (rule_id for rule_id, value in data.saved_rules.items() if own is not None and own.id == rule_id), None
    )
    return SettingChange(
        SettingType.RULE, "" if saved is None else str(saved), None if saved is None else data.saved_rules[saved], after
    )


def _build_rule_row(
    key: str, value: SettingValue, data: RulesData, change: SettingChange | None
) -> tuple[AccessRule, RuleRow]:
    rule = to_access_rule(parse_rule(value))
    sentence = format_rule(to_access_rule(parse_rule({**value, "note": ""})), data.names)
    is_ended = rule.until is not None and rule.until <= data.now.timestamp()
    is_deleted, is_new = change is not None and change.after is None, change is not None and not change.target
    state, tone = (texts.ENDED, "") if is_ended else ("", "")
    if change is not None:
        state = texts.IS_DELETED if is_deleted else texts.IS_NEW if is_new else texts.IS_CHANGED
        tone = "red" if is_deleted else "green"
    text = f"{sentence[:1].upper()}{sentence[1:]}"
    return rule, RuleRow(key, rule.allow, text, str(value["note"]), state, tone, is_deleted, is_new)


def _list_configurable(data: RulesData) -> list[Surface]:
    """List the commands to which rules apply."""
    return [
        surface for surface in data.command_surfaces.all if FEATURES[surface.feature].essential is not Essential.ALWAYS
    ]


def _get_module_order(surface: Surface) -> tuple[int, str]:
    return list(MODULES).index(FEATURES[surface.feature].module), surface.key


def _build_cell(
    surface: Surface, column: MatrixColumn, policy: GuildPolicy, changed_keys: set[str], *, allowed: bool
) -> MatrixCell:
    kind, id_, label, _ = column
    key = f"{kind}:{id_}:{surface.key}"
    has_own_rule = _find_own_rule(policy, kind, id_, surface.key) is not None
    text = texts.format_cell_label(label, format_command(surface.key), allowed=allowed, has_own_rule=has_own_rule)
    return MatrixCell(key, allowed, has_own_rule, key in changed_keys, text)


def _find_own_rule(policy: GuildPolicy, kind: str, id_: int, command: str) -> AccessRule | None:
    own_scope = (kind, id_, TargetKind.COMMAND, command, PlaceKind.EVERYWHERE)
    return next(
        (
            rule
            for rule in policy.rules
            if (rule.subject_kind, rule.subject_id, rule.target_kind, rule.target_key, rule.place_kind) == own_scope
        ),
        None,
    )
