"""Response schemas and serializers of features, access rules and channel lists.

A setting has the fields that the audit log has for it in `before` and `after`. Ids are strings.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from herwa_api import texts
from herwa_api.etags import build_etag
from herwa_api.member_identities import MemberIdentities
from herwa_shared.catalog import Essential
from herwa_shared.guardrail.policy import ChannelList, PlaceKind, SubjectKind, TargetKind
from herwa_shared.services.audited_settings import SettingValue
from herwa_shared.services.channel_lists import format_list_target
from herwa_shared.services.features import FeatureStatus

ETAG_EXAMPLE = '"0f343b0931126a20f133d67c2b018a3b"'
RULE_ID_EXAMPLE = "17"


class _ResponseModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FeatureResponse(_ResponseModel):
    """A feature of a server."""

    key: str = Field(examples=["voice.stats"])
    title: str = Field(examples=["Voice stats"])
    description: str = Field(examples=["Voice activity chart"])
    module: str = Field(examples=["voice"])
    enabled: bool = Field(description=texts.FIELDS["feature_enabled"])
    available: bool = Field(description=texts.FIELDS["feature_available"])
    blocked_by: Literal["kill_switch", "tier", "module", "toggle"] | None = Field(
        description=texts.FIELDS["feature_blocked_by"]
    )
    blocked_reason: str | None = Field(description=texts.FIELDS["feature_blocked_reason"])
    in_tier: bool = Field(description=texts.FIELDS["feature_in_tier"])
    lowest_tier: str = Field(description=texts.FIELDS["feature_lowest_tier"], examples=["Free"])
    always_on: bool = Field(description=texts.FIELDS["feature_always_on"])


class ModuleResponse(_ResponseModel):
    """A module: a group of features with one switch."""

    key: str = Field(examples=["voice"])
    title: str = Field(examples=["Voice"])
    enabled: bool = Field(description=texts.FIELDS["module_enabled"])


class FeatureListResponse(_ResponseModel):
    """The modules and features of a server."""

    modules: list[ModuleResponse]
    items: list[FeatureResponse]


class RuleResponse(_ResponseModel):
    """An access rule: who may or may not use what, where, until when."""

    id: str = Field(examples=[RULE_ID_EXAMPLE])
    allow: bool = Field(description=texts.FIELDS["rule_allow"])
    subject_kind: SubjectKind = Field(examples=["role"])
    subject_id: str = Field(description=texts.FIELDS["rule_subject_id"], examples=["81384788765712390"])
    target_kind: TargetKind = Field(examples=["command"])
    target_key: str = Field(description=texts.FIELDS["rule_target_key"], examples=["server-stats"])
    place_kind: PlaceKind
    place_id: str = Field(description=texts.FIELDS["rule_place_id"], examples=["0"])
    until: str | None = Field(description=texts.FIELDS["rule_until"], examples=["2027-01-01T00:00:00+00:00"])
    note: str = Field(description=texts.FIELDS["rule_note"], examples=["On trial"])
    etag: str = Field(description=texts.FIELDS["etag"], examples=[ETAG_EXAMPLE])


class RuleListResponse(_ResponseModel):
    """The access rules of a server, oldest first."""

    items: list[RuleResponse]


class ChannelListResponse(_ResponseModel):
    """The channels and categories to which something is limited."""

    target: str = Field(description=texts.FIELDS["list_target"], examples=["command:server-stats"])
    target_kind: TargetKind = Field(examples=["command"])
    target_key: str = Field(description=texts.FIELDS["rule_target_key"], examples=["server-stats"])
    places: list[str] = Field(description=texts.FIELDS["list_places"], examples=[["381870129706958858"]])
    etag: str = Field(description=texts.FIELDS["etag"], examples=[ETAG_EXAMPLE])


class ChannelListsResponse(_ResponseModel):
    """The channel lists of a server, sorted by target."""

    items: list[ChannelListResponse]


def serialize_features(statuses: Sequence[FeatureStatus]) -> dict[str, Any]:
    """Build the body of the list of features."""
    modules = [
        {"key": key, "title": first.module_title, "enabled": first.module_enabled}
        for key, group in groupby(statuses, key=lambda status: status.module)
        for first in [next(group)]
    ]
    return {"modules": modules, "items": [_serialize_feature(status) for status in statuses]}


def serialize_rules(rules: Mapping[int, SettingValue], members: MemberIdentities) -> dict[str, Any]:
    """Build the body of the list of rules, as the caller sees members."""
    return {"items": [serialize_rule(rule_id, value, members) for rule_id, value in rules.items()]}


def serialize_rule(rule_id: int, value: SettingValue, members: MemberIdentities) -> dict[str, Any]:
    """Build the body of one rule, as the caller sees members.

    The ETag is one of what the caller sees, so that the id behind a pseudonym cannot be found out by trying ids.
    """
    return _add_etag({"id": str(rule_id), **hide_rule_member(value, members)})


def hide_rule_member(value: SettingValue, members: MemberIdentities) -> dict[str, Any]:
    """Return the value of a setting as the caller sees it: a rule about a member with the member's id or pseudonym."""
    if value.get("subject_kind") != SubjectKind.MEMBER:
        return dict(value)
    return {**value, "subject_id": members.format_id(value["subject_id"])}


def serialize_channel_lists(lists: Sequence[ChannelList]) -> dict[str, Any]:
    """Build the body of the list of channel lists."""
    return {"items": [serialize_channel_list(item) for item in lists]}


def serialize_channel_list(item: ChannelList) -> dict[str, Any]:
    """Build the body of one channel list."""
    return _add_etag(
        {
            "target": format_list_target(item.target_kind, item.target_key),
            "target_kind": item.target_kind,
            "target_key": item.target_key,
            "places": [str(place_id) for place_id in sorted(item.place_ids)],
        }
    )


def _add_etag(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "etag": build_etag(orjson.dumps(body))}


def _serialize_feature(status: FeatureStatus) -> dict[str, Any]:
    blocked_by = _find_block(status)
    return {
        "key": status.key,
        "title": status.title,
        "description": status.sentence,
        "module": status.module,
        "enabled": status.own_toggle,
        "available": blocked_by is None,
        "blocked_by": blocked_by,
        "blocked_reason": _describe_block(status, blocked_by),
        "in_tier": status.in_tier,
        "lowest_tier": status.lowest_tier,
        "always_on": status.essential is not Essential.NO,
    }


def _find_block(status: FeatureStatus) -> str | None:
    """Find what makes a feature unavailable, in the order of the guardrail."""
    if status.essential is not Essential.NO:
        return None
    if status.kill_switch is not None:
        return "kill_switch"
    if not status.in_tier:
        return "tier"
    if not status.module_enabled:
        return "module"
    return None if status.own_toggle else "toggle"


def _describe_block(status: FeatureStatus, blocked_by: str | None) -> str | None:
    if blocked_by == "kill_switch":
        return status.kill_switch or texts.BLOCK_REASONS[blocked_by]
    if blocked_by == "tier":
        return texts.format_needs_tier(status.lowest_tier)
    return None if blocked_by is None else texts.BLOCK_REASONS[blocked_by]
