"""The guardrail read slowly and plainly from what the tables hold: a second opinion."""

from herwa_shared.guardrail.invocation import Asker, Invocation
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy

SUBJECTS = ["everyone", "permission", "role", "member"]
TARGETS = ["everything", "module", "feature", "command"]
PLACES = ["everywhere", "category", "channel"]
MANAGE_SERVER = 0x20
KEY, WIDGET, PEOPLE = Asker.KEY, Asker.WIDGET, (Asker.MEMBER, Asker.ADMINISTRATOR)

Answer = tuple[bool, str, AccessRule | None]


def read(asked: Invocation, policy: GuildPolicy) -> Answer:  # noqa: PLR0911 - plainly, one answer after the other
    """Allowed or not, the reason, and the rule where one decided."""
    feature = str(asked.surface.feature)
    spec = policy.offer.features.get(feature)
    essential = str(spec.essential) if spec else "no"
    if essential == "always":
        return True, "essential", None
    if essential == "no":
        if feature in dict(policy.offer.kill_switches):
            return False, "kill_switch", None
        if feature not in features_at(policy, asked.at):
            return False, "tier", None
        if not spec or not is_switched_on(policy, feature, spec.module, default=spec.on_by_default):
            return False, "toggle", None
    if asked.asker is WIDGET:
        return True, "public", None
    if asked.asker is KEY:
        if not asked.in_scope:
            return False, "scope", None
        return (True, "scope", None) if asked.left > 0 else (False, "cooldown", None)
    if asked.is_administrator:
        return True, "administrator", None
    module = str(spec.module) if spec else None
    return of_member(asked, policy, feature, module)


def of_member(asked: Invocation, policy: GuildPolicy, feature: str, module: str | None) -> Answer:
    winner = None
    for rule in policy.rules:
        if rule_matches(rule, asked, feature, module) and (winner is None or beats(rule, winner)):
            winner = rule
    if winner:
        allowed, reason = winner.allow, "access_rule"
    else:
        allowed = asked.surface.audience == "everyone" or asked.permissions & MANAGE_SERVER != 0
        reason = "default_audience"
    if not allowed:
        return False, reason, winner
    if asked.channel_id != 0:
        candidates = [one for one in policy.lists if concerns(one.target_kind, one.target_key, asked, feature, module)]
        candidates.sort(key=lambda one: (TARGETS.index(one.target_kind), len(one.target_key)))
        if candidates and not {asked.channel_id, asked.category_id} & set(candidates[-1].place_ids):
            return False, "channel_list", None
    if asked.left < 1:
        return False, "cooldown", None
    return True, reason, winner


def features_at(policy: GuildPolicy, at: float) -> set[str]:
    best_rank, features = None, set()
    for term in policy.terms:
        tier = policy.offer.tiers.get(term.tier)
        runs = term.starts <= at and (term.ends is None or term.ends > at)
        if tier and runs and (best_rank is None or tier.rank > best_rank):
            best_rank, features = tier.rank, set(tier.features)
    if best_rank is None and "free" in policy.offer.tiers:
        features = set(policy.offer.tiers["free"].features)
    for grant in policy.grants:
        if grant.feature and grant.starts <= at and (grant.ends is None or grant.ends > at):
            features.add(grant.feature)
    return features


def is_switched_on(policy: GuildPolicy, feature: str, module: str, *, default: bool) -> bool:
    if module in policy.module_toggles and not policy.module_toggles[module]:
        return False
    return policy.feature_toggles.get(feature, default)


def rule_matches(rule: AccessRule, asked: Invocation, feature: str, module: str | None) -> bool:
    here = {"everywhere": rule.place_id, "channel": asked.channel_id, "category": asked.category_id}[rule.place_kind]
    if rule.place_id != here or (rule.place_kind != "everywhere" and asked.channel_id == 0):
        return False
    in_time = rule.until is None or asked.at < rule.until
    return in_time and concerns(rule.target_kind, rule.target_key, asked, feature, module) and is_about(rule, asked)


def is_about(rule: AccessRule, asked: Invocation) -> bool:
    if rule.subject_kind == "member":
        return rule.subject_id == asked.member_id
    if rule.subject_kind == "role":
        return rule.subject_id in asked.subjects - {asked.member_id}
    if rule.subject_kind == "permission":
        return rule.subject_id & ~asked.permissions == 0
    return True


def concerns(kind: str, key: str, asked: Invocation, feature: str, module: str | None) -> bool:
    if kind == "command":
        typed = asked.surface.kind in ("command", "menu")
        return typed and (asked.surface.key == key or asked.surface.key.startswith(key + " "))
    return kind == "everything" or key == (feature if kind == "feature" else module)


def beats(rule: AccessRule, other: AccessRule) -> bool:
    """By subject, then target, then place; then deny; then the older."""
    for order, one, two in (
        (SUBJECTS, rule.subject_kind, other.subject_kind),
        (TARGETS, rule.target_kind, other.target_kind),
        (None, len(rule.target_key), len(other.target_key)),
        (PLACES, rule.place_kind, other.place_kind),
    ):
        if one != two:
            return order.index(one) > order.index(two) if order else one > two
    return not rule.allow if rule.allow != other.allow else rule.id < other.id
