"""Reference implementation of the guardrail: slow, simple, and independent of the code under test."""

from herwa_shared.guardrail.invocation import Invocation, PrincipalKind
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy

SUBJECTS = ["everyone", "permission", "role", "member"]
TARGETS = ["everything", "module", "feature", "command"]
PLACES = ["everywhere", "category", "channel"]
MANAGE_GUILD = 0x20
KEY, WIDGET, MEMBER_KINDS = PrincipalKind.KEY, PrincipalKind.WIDGET, (PrincipalKind.MEMBER, PrincipalKind.ADMINISTRATOR)

ReferenceVerdict = tuple[bool, str, AccessRule | None]


def compute_reference_verdict(invocation: Invocation, policy: GuildPolicy) -> ReferenceVerdict:  # noqa: PLR0911 - one return per step is the simplest form
    """Compute whether an invocation is allowed, the reason, and the deciding rule, if any."""
    feature = str(invocation.surface.feature)
    spec = policy.global_policy.features.get(feature)
    essential = str(spec.essential) if spec else "no"
    if essential == "always":
        return True, "essential", None
    if essential == "no":
        if feature in dict(policy.global_policy.kill_switches):
            return False, "kill_switch", None
        if feature not in list_features_at(policy, invocation.at):
            return False, "tier", None
        if not spec or not is_switched_on(policy, feature, spec.module, default=spec.on_by_default):
            return False, "toggle", None
    if invocation.principal_kind is WIDGET:
        return True, "public", None
    if invocation.principal_kind is KEY:
        if not invocation.in_scope:
            return False, "scope", None
        return (True, "scope", None) if invocation.remaining > 0 else (False, "cooldown", None)
    if invocation.is_administrator:
        return True, "administrator", None
    module = str(spec.module) if spec else None
    return decide_member(invocation, policy, feature, module)


def decide_member(invocation: Invocation, policy: GuildPolicy, feature: str, module: str | None) -> ReferenceVerdict:
    winner = None
    for rule in policy.rules:
        if is_matching_rule(rule, invocation, feature, module) and (winner is None or is_stronger(rule, winner)):
            winner = rule
    if winner:
        allowed, reason = winner.allow, "access_rule"
    else:
        allowed = invocation.surface.audience == "everyone" or invocation.permissions & MANAGE_GUILD != 0
        reason = "default_audience"
    if not allowed:
        return False, reason, winner
    if invocation.channel_id != 0:
        candidates = [
            channel_list
            for channel_list in policy.channel_lists
            if is_matching_target(channel_list.target_kind, channel_list.target_key, invocation, feature, module)
        ]
        candidates.sort(
            key=lambda channel_list: (TARGETS.index(channel_list.target_kind), len(channel_list.target_key))
        )
        if candidates and not {invocation.channel_id, invocation.category_id} & set(candidates[-1].place_ids):
            return False, "channel_list", None
    if invocation.remaining < 1:
        return False, "cooldown", None
    return True, reason, winner


def list_features_at(policy: GuildPolicy, at: float) -> set[str]:
    best_rank, features = None, set()
    for period in policy.periods:
        tier = policy.global_policy.tiers.get(period.tier)
        is_live = period.starts_at <= at and (period.ends_at is None or period.ends_at > at)
        if tier and is_live and (best_rank is None or tier.rank > best_rank):
            best_rank, features = tier.rank, set(tier.features)
    if best_rank is None and "free" in policy.global_policy.tiers:
        features = set(policy.global_policy.tiers["free"].features)
    for grant in policy.grants:
        if grant.feature and grant.starts_at <= at and (grant.ends_at is None or grant.ends_at > at):
            features.add(grant.feature)
    return features


def is_switched_on(policy: GuildPolicy, feature: str, module: str, *, default: bool) -> bool:
    if module in policy.module_toggles and not policy.module_toggles[module]:
        return False
    return policy.feature_toggles.get(feature, default)


def is_matching_rule(rule: AccessRule, invocation: Invocation, feature: str, module: str | None) -> bool:
    current_place_id = {
        "everywhere": rule.place_id,
        "channel": invocation.channel_id,
        "category": invocation.category_id,
    }[rule.place_kind]
    if rule.place_id != current_place_id or (rule.place_kind != "everywhere" and invocation.channel_id == 0):
        return False
    is_current = rule.until is None or invocation.at < rule.until
    return (
        is_current
        and is_matching_target(rule.target_kind, rule.target_key, invocation, feature, module)
        and is_matching_subject(rule, invocation)
    )


def is_matching_subject(rule: AccessRule, invocation: Invocation) -> bool:
    if rule.subject_kind == "member":
        return rule.subject_id == invocation.member_id
    if rule.subject_kind == "role":
        return rule.subject_id in invocation.subjects - {invocation.member_id}
    if rule.subject_kind == "permission":
        return rule.subject_id & ~invocation.permissions == 0
    return True


def is_matching_target(kind: str, key: str, invocation: Invocation, feature: str, module: str | None) -> bool:
    if kind == "command":
        is_command = invocation.surface.kind in ("command", "menu")
        return is_command and (invocation.surface.key == key or invocation.surface.key.startswith(key + " "))
    return kind == "everything" or key == (feature if kind == "feature" else module)


def is_stronger(rule: AccessRule, other: AccessRule) -> bool:
    """Compare precedence by subject, then target, then place; then deny wins; then the older rule."""
    for ranking, value, other_value in (
        (SUBJECTS, rule.subject_kind, other.subject_kind),
        (TARGETS, rule.target_kind, other.target_kind),
        (None, len(rule.target_key), len(other.target_key)),
        (PLACES, rule.place_kind, other.place_kind),
    ):
        if value != other_value:
            return ranking.index(value) > ranking.index(other_value) if ranking else value > other_value
    return not rule.allow if rule.allow != other.allow else rule.id < other.id
