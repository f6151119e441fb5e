"""Query string, response schemas and serializers of `…/explain`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from herwa_api import texts
from herwa_api.member_identities import MemberIdentities
from herwa_api.schemas.ids import Snowflake, is_snowflake
from herwa_api.schemas.settings import ChannelListResponse, RuleResponse, serialize_channel_list, serialize_rule
from herwa_shared.discord.command_permissions import DiscordBlock
from herwa_shared.guardrail.texts import STEP_DETAILS
from herwa_shared.guardrail.verdict import Reason, StepResult
from herwa_shared.services.access_rules import to_rule_value
from herwa_shared.services.access_trial import TrialResult

MAX_COMMAND_LENGTH = 64
MAX_ROLES = 250
ROLE_IDS_PATTERN = "^([0-9]{1,19}(,[0-9]{1,19})*)?$"


def _check_role_ids(text: str) -> str:
    role_ids = text.split(",") if text else []
    if len(role_ids) > MAX_ROLES or not all(map(is_snowflake, role_ids)):
        raise ValueError(texts.EXPECTED_ROLE_IDS)
    return text


class ExplainQuery(BaseModel):
    """Query string of `…/explain`: a command, and a member or a set of roles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: str = Field(
        min_length=1,
        max_length=MAX_COMMAND_LENGTH,
        description=texts.PARAMETERS["command"],
        examples=["server-stats"],
    )
    member_id: Snowflake | None = Field(
        None, description=texts.PARAMETERS["member_id"], examples=["235680515450626121"]
    )
    role_ids: Annotated[str | None, AfterValidator(lambda text: text if text is None else _check_role_ids(text))] = (
        Field(
            None,
            description=texts.PARAMETERS["role_ids"],
            examples=["81384788765712390,81384788765712391"],
            json_schema_extra={"pattern": ROLE_IDS_PATTERN},
        )
    )
    channel_id: Snowflake | None = Field(
        None, description=texts.PARAMETERS["explain_channel_id"], examples=["381870129706958858"]
    )

    @model_validator(mode="after")
    def _has_one_subject(self) -> "ExplainQuery":
        if (self.member_id is None) == (self.role_ids is None):
            raise ValueError(texts.EXPECTED_ONE_SUBJECT)
        return self

    @property
    def roles(self) -> frozenset[int]:
        """The ids of the roles."""
        return frozenset(map(int, self.role_ids.split(","))) if self.role_ids else frozenset()


class DiscordStepResponse(BaseModel):
    """Whether Discord shows the command at all, before the bot is asked."""

    model_config = ConfigDict(extra="forbid")

    visible: bool
    missing_permission: DiscordBlock | None = Field(description=texts.FIELDS["missing_permission"])


class StepResponse(BaseModel):
    """One step of the decision."""

    model_config = ConfigDict(extra="forbid")

    step: Reason
    outcome: Literal["neutral", "allows", "refuses", "skipped"]
    detail: str = Field(description=texts.FIELDS["step_detail"], examples=["open_to_everyone"])
    text: str = Field(description=texts.FIELDS["step_text"], examples=["Open to everyone"])
    rule: RuleResponse | None = Field(description=texts.FIELDS["step_rule"])
    channel_list: ChannelListResponse | None = Field(description=texts.FIELDS["step_channel_list"])


class ExplainResponse(BaseModel):
    """Whether a member can use a command, and why."""

    model_config = ConfigDict(extra="forbid")

    allowed: bool
    reason: Reason | Literal["discord"] = Field(description=texts.FIELDS["explain_reason"])
    discord: DiscordStepResponse
    steps: list[StepResponse] = Field(description=texts.FIELDS["steps"])


def serialize_trial(result: TrialResult, members: MemberIdentities) -> dict[str, Any]:
    """Build the body: the verdict and every step, as the caller sees members."""
    block = result.discord_block
    return {
        "allowed": result.is_allowed,
        "reason": result.trace.verdict.reason if block is None else "discord",
        "discord": {"visible": block is None, "missing_permission": block},
        "steps": [_serialize_step(step, members) for step in result.trace.steps],
    }


def _serialize_step(step: StepResult, members: MemberIdentities) -> dict[str, Any]:
    return {
        "step": step.step,
        "outcome": step.outcome.name.lower(),
        "detail": step.detail,
        "text": STEP_DETAILS[step.detail],
        "rule": None if step.rule is None else serialize_rule(step.rule.id, to_rule_value(step.rule), members),
        "channel_list": None if step.channel_list is None else serialize_channel_list(step.channel_list),
    }
