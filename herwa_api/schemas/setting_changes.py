"""Request bodies of changes of settings, and the response to a dry run."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    field_validator,
    model_validator,
)

from herwa_api import texts
from herwa_api.member_identities import MemberIdentities
from herwa_api.schemas.ids import Snowflake
from herwa_api.schemas.settings import hide_rule_member
from herwa_shared.analytics.timezones import FIRST_YEAR, LAST_YEAR
from herwa_shared.catalog import Surface, SurfaceKind
from herwa_shared.guardrail.member_impact import MemberImpact
from herwa_shared.guardrail.place_impact import PlaceImpact
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.services.access_rules import MAX_NOTE_LENGTH, NewRule
from herwa_shared.services.channel_lists import MAX_PLACES
from herwa_shared.services.rule_targets import MAX_KEY_LENGTH
from herwa_shared.services.setting_changes import SettingChange, SettingType

MAX_TOGGLES = 100
Toggles = dict[Annotated[str, Field(max_length=MAX_KEY_LENGTH)], StrictBool]


def _parse_flag(text: object) -> bool:
    """Parse a flag of a query string. Other texts that mean yes or no elsewhere are refused."""
    if text not in ("true", "false"):
        raise ValueError(texts.EXPECTED_FLAG)
    return text == "true"


class ChangeQuery(BaseModel):
    """Query string of a change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: Annotated[bool, BeforeValidator(_parse_flag)] = Field(False, description=texts.PARAMETERS["dry_run"])


class FeaturesBody(BaseModel):
    """Features and modules to turn on or off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: Toggles = Field(
        {}, max_length=MAX_TOGGLES, description=texts.FIELDS["feature_toggles"], examples=[{"voice.stats": False}]
    )
    modules: Toggles = Field(
        {}, max_length=MAX_TOGGLES, description=texts.FIELDS["module_toggles"], examples=[{"tickets": True}]
    )

    @model_validator(mode="after")
    def _has_a_toggle(self) -> "FeaturesBody":
        if not self.features and not self.modules:
            raise ValueError(texts.EXPECTED_TOGGLES)
        return self


class RuleBody(BaseModel):
    """An access rule to save."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: StrictBool = Field(description=texts.FIELDS["rule_allow"], examples=[False])
    subject_kind: SubjectKind = Field(examples=["role"])
    subject_id: Snowflake = Field("0", description=texts.FIELDS["rule_subject_id"], examples=["81384788765712390"])
    target_kind: TargetKind = Field(examples=["command"])
    target_key: str = Field(
        "", max_length=MAX_KEY_LENGTH, description=texts.FIELDS["rule_target_key"], examples=["server-stats"]
    )
    place_kind: PlaceKind = PlaceKind.EVERYWHERE
    place_id: Snowflake = Field("0", description=texts.FIELDS["rule_place_id"], examples=["0"])
    until: AwareDatetime | None = Field(
        None, description=texts.FIELDS["rule_until"], examples=["2027-01-01T00:00:00+00:00"]
    )
    note: str = Field("", max_length=MAX_NOTE_LENGTH, description=texts.FIELDS["rule_note"], examples=["On trial"])

    @field_validator("until")
    @classmethod
    def _is_in_supported_years(cls, until: AwareDatetime | None) -> AwareDatetime | None:
        if until is not None and not FIRST_YEAR <= until.year <= LAST_YEAR:
            raise ValueError(texts.EXPECTED_END)
        return until

    def to_new_rule(self) -> NewRule:
        """Convert to the rule of the service, which validates it further."""
        return NewRule(
            allow=self.allow,
            subject_kind=self.subject_kind,
            subject_id=int(self.subject_id),
            target_kind=self.target_kind,
            target_key=self.target_key,
            place_kind=self.place_kind,
            place_id=int(self.place_id),
            until=self.until,
            note=self.note,
        )


class ChannelListBody(BaseModel):
    """The channels and categories of a channel list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    places: list[Snowflake] = Field(
        min_length=1,
        max_length=MAX_PLACES,
        description=texts.FIELDS["list_places"],
        examples=[["381870129706958858"]],
    )


class SettingChangeResponse(BaseModel):
    """A setting that would change."""

    model_config = ConfigDict(extra="forbid")

    type: SettingType
    target: str = Field(description=texts.FIELDS["entry_target"], examples=["voice.stats"])
    before: dict[str, Any] | None = Field(description=texts.FIELDS["entry_before"])
    after: dict[str, Any] | None = Field(description=texts.FIELDS["entry_after"])


class UseResponse(BaseModel):
    """A command, page or API route."""

    model_config = ConfigDict(extra="forbid")

    kind: SurfaceKind
    key: str = Field(examples=["voice-stats"])
    title: str = Field(examples=["Chart of the voice activity"])


class AffectedMemberResponse(BaseModel):
    """A member who was seen in the last 30 days."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(examples=["235680515450626121"])
    name: str = Field(examples=["Ada"])


class MemberEffectResponse(BaseModel):
    """What a group of members gains and loses in a place."""

    model_config = ConfigDict(extra="forbid")

    place_kind: PlaceKind
    place_id: str = Field(description=texts.FIELDS["rule_place_id"], examples=["0"])
    gained: list[UseResponse]
    lost: list[UseResponse]
    member_count: int = Field(examples=[12])
    recent_members: list[AffectedMemberResponse] | None = Field(description=texts.FIELDS["recent_members"])


class PlaceEffectResponse(BaseModel):
    """A command that would work in other places."""

    model_config = ConfigDict(extra="forbid")

    use: UseResponse
    before: list[str] = Field(description=texts.FIELDS["effect_places"])
    after: list[str] = Field(description=texts.FIELDS["effect_places"])


class EffectsResponse(BaseModel):
    """Who would gain and lose what."""

    model_config = ConfigDict(extra="forbid")

    started: list[UseResponse] = Field(description=texts.FIELDS["started"])
    stopped: list[UseResponse] = Field(description=texts.FIELDS["stopped"])
    members: list[MemberEffectResponse] | None = Field(description=texts.FIELDS["affected_members"])
    places: list[PlaceEffectResponse]


class DryRunResponse(BaseModel):
    """What a change would do. Nothing was saved."""

    model_config = ConfigDict(extra="forbid")

    dry_run: Literal[True]
    changes: list[SettingChangeResponse]
    effects: EffectsResponse


def serialize_change(change: SettingChange, members: MemberIdentities) -> dict[str, Any]:
    """Build the body of one change, as the caller sees members."""
    before, after = (
        None if value is None else hide_rule_member(value, members) for value in (change.before, change.after)
    )
    return {"type": change.type, "target": change.target, "before": before, "after": after}


def serialize_uses(surfaces: Sequence[Surface]) -> list[dict[str, Any]]:
    """Build the list of commands, pages and API routes."""
    return [{"kind": surface.kind, "key": surface.key, "title": surface.title} for surface in surfaces]


def serialize_member_impact(
    impact: MemberImpact, member_ids: Sequence[int], recent_names: Mapping[int, str] | None, *, max_members: int
) -> dict[str, Any]:
    """Build the effect on a group. `member_ids` are those of all members of the server, by position.

    `recent_names` are the names of recently active members; None if the caller may not see them.
    """
    affected = [member_ids[position] for position in impact.positions]
    recent = None
    if recent_names is not None:
        named = [(recent_names[member_id], member_id) for member_id in affected if member_id in recent_names]
        recent = [{"id": str(member_id), "name": name} for name, member_id in sorted(named)[:max_members]]
    return {
        "place_kind": impact.place.kind,
        "place_id": str(impact.place.id),
        "gained": serialize_uses(impact.gained),
        "lost": serialize_uses(impact.lost),
        "member_count": len(affected),
        "recent_members": recent,
    }


def serialize_place_impact(impact: PlaceImpact) -> dict[str, Any]:
    """Build the effect on a command."""
    [use] = serialize_uses([impact.surface])
    before, after = ([str(place_id) for place_id in places] for places in (impact.before, impact.after))
    return {"use": use, "before": before, "after": after}
