"""From the options of `/permissions allow` and `deny` to a rule, and whom it is about."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, tzinfo

import discord

from herwa_bot.access.channel_option import Place
from herwa_bot.access.expiry_parsing import parse_until
from herwa_bot.access.targets import HIT_BY_MANY, Target, find_permission
from herwa_bot.cogs.permissions.impact import NEW, Somebody
from herwa_shared.discord.constants import ADMINISTRATOR
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.permissions import permission_title
from herwa_shared.guardrail.policy import AccessRule, SubjectKind
from herwa_shared.services.access_rules import NewRule

ONE_OR_THE_OTHER = "Choose either who or holding: a rule is about one role or member, or about a permission."

Chosen = discord.Member | discord.User | discord.Role


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a rule is about: `label` is plain text, and `like` is one of them who has nothing else."""

    kind: SubjectKind
    id: int
    label: str
    like: Somebody
    is_administrator: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule before it is saved."""

    rule: NewRule
    whom: Whom
    target: Target
    place: Place

    @property
    def hits_many(self) -> bool:
        """Beyond one role or member, or one feature."""
        return self.whom.kind in (SubjectKind.EVERYONE, SubjectKind.PERMISSION) or self.target.kind in HIT_BY_MANY

    def only(self) -> "Draft":
        """Its counterpart: everybody else may not, in the same place and as long."""
        shut = replace(self.rule, allow=False, subject_kind=SubjectKind.EVERYONE, subject_id=0)
        return replace(self, rule=shut, whom=Whom(SubjectKind.EVERYONE, 0, "everyone", Somebody()))


def draft(
    *, allow: bool, whom: Whom, target: Target, place: Place, until: str | None, note: str, zone: tzinfo, now: datetime
) -> Draft:
    """Raises BadRequest for an end that is none."""
    rule = NewRule(
        allow=allow,
        subject_kind=whom.kind,
        subject_id=whom.id,
        target_kind=target.kind,
        target_key=target.key,
        place_kind=place.kind,
        place_id=place.id,
        until=parse_until(until, zone=zone, now=now) if until else None,
        note=note,
    )
    return Draft(rule, whom, target, place)


def whom_of(guild: discord.Guild, who: Chosen | None, holding: str | None) -> Whom:
    """Nobody chosen is everyone. Raises BadRequest for both, NotFound for a permission that there is not."""
    all_have = guild.default_role.permissions.value
    if who is not None and holding:
        raise BadRequest(ONE_OR_THE_OTHER)
    if holding:
        return permission_whom(guild, find_permission(holding))
    if who is None or who.id == guild.id:
        return Whom(SubjectKind.EVERYONE, 0, "everyone", Somebody(permissions=all_have))
    if isinstance(who, discord.Role):
        return role_whom(guild, who)
    return member_whom(guild, who)


def permission_whom(guild: discord.Guild, bits: int) -> Whom:
    like = Somebody(permissions=guild.default_role.permissions.value | bits)
    return Whom(
        SubjectKind.PERMISSION, bits, f"members with {permission_title(bits)}", like, bool(bits & ADMINISTRATOR)
    )


def role_whom(guild: discord.Guild, role: discord.Role) -> Whom:
    bits = guild.default_role.permissions.value | role.permissions.value
    like = Somebody(role_ids=frozenset([role.id]), permissions=bits)
    return Whom(SubjectKind.ROLE, role.id, f"@{role.name}", like, role.permissions.administrator)


def member_whom(guild: discord.Guild, who: discord.Member | discord.User) -> Whom:
    """A user who is not in the server has no roles; their rule waits for them."""
    if isinstance(who, discord.User):
        return Whom(SubjectKind.MEMBER, who.id, who.display_name, Somebody(who.id))
    roles = frozenset(role.id for role in who.roles)
    permissions = who.resolved_permissions or who.guild_permissions
    like = Somebody(who.id, roles, permissions.value)
    above_rules = guild.owner_id == who.id or permissions.administrator
    return Whom(SubjectKind.MEMBER, who.id, who.display_name, like, above_rules)


def ruled_whom(guild: discord.Guild, rule: AccessRule) -> Whom | None:
    """Whom a saved rule is about; None where what else they have is not known: for members and deleted roles."""
    if rule.subject_kind == SubjectKind.EVERYONE:
        return whom_of(guild, None, None)
    if rule.subject_kind == SubjectKind.PERMISSION:
        return permission_whom(guild, rule.subject_id)
    role = guild.get_role(rule.subject_id) if rule.subject_kind == SubjectKind.ROLE else None
    return None if role is None else role_whom(guild, role)


def as_saved(rule: NewRule, *, id_: int = NEW) -> AccessRule:
    """As the guardrail sees it."""
    until = None if rule.until is None else rule.until.timestamp()
    return AccessRule(**{**asdict(rule), "id": id_, "until": until})
