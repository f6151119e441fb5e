"""Governance: features and tiers, what guilds have and chose, who changed it, and how processes hear of it"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIERS = [
    {"key": "free", "title": "Free", "rank": 0, "inherits": None},
    {"key": "premium", "title": "Premium", "rank": 10, "inherits": "free"},
]

# Of each limit: what Free has, what Premium has; None is unlimited.
LIMITS = {
    "history_days": (90, None),
    "widgets": (1, 10),
    "api_keys": (1, 10),
    "requests_a_minute": (100, 1000),
    "export_rows": (0, None),
    "member_commands_a_minute": (30, 60),
    "guild_commands_a_minute": (300, 1200),
}

# A row's fields of personal data may go one by one, and a chain goes with its guild; nothing else ever changes. The
# guild's own row is gone already when its deletion reaches its chain.
APPEND_ONLY = """
CREATE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - 'personal' = to_jsonb(OLD) - 'personal'
            AND (NEW.personal IS NULL OR coalesce(OLD.personal @> NEW.personal, false))
        THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF OLD.guild_id IS NOT NULL AND NOT EXISTS (SELECT FROM guild WHERE id = OLD.guild_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_entry is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$
"""
ROWS_STAY = """
CREATE TRIGGER audit_entry_rows_stay BEFORE UPDATE OR DELETE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION audit_entry_stays()
"""
TABLE_STAYS = """
CREATE TRIGGER audit_entry_stays BEFORE TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_stays()
"""

# One row a guild, the newest version of what holds for it; guild 0 is what holds for all. `changed_in` is the writing
# transaction: whoever reads the table finds what was committed since by it, whatever the order of the commits.
CHANGES = """
CREATE TABLE policy_change (
    guild_id    bigint      PRIMARY KEY,
    version     bigint      NOT NULL,
    changed_in  xid8        NOT NULL DEFAULT pg_current_xact_id()
)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_catalogue()
    create_offer()
    create_terms()
    create_choices()
    create_audit()
    op.execute("CREATE SEQUENCE policy_version")
    op.execute(CHANGES)
    op.execute("CREATE INDEX policy_change_changed_in ON policy_change (changed_in)")
    seed()


def create_catalogue() -> None:
    """What the code has, as discovery registers it."""
    op.create_table(
        "module",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("sentence", sa.String(200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_table(
        "feature",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("module_key", sa.String(32), sa.ForeignKey("module.key"), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("sentence", sa.String(200), nullable=False),
        sa.Column("lowest_tier", sa.String(32), nullable=False),
        sa.Column("on_by_default", sa.Boolean(), nullable=False),
        sa.Column("essential", sa.String(16), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("essential IN ('no', 'kept', 'always')", name="essential_is_known"),
    )
    op.create_table(
        "surface",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("feature_key", sa.String(64), sa.ForeignKey("feature.key"), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("audience IN ('everyone', 'managers')", name="audience_is_known"),
        sa.CheckConstraint("kind IN ('command', 'menu', 'page', 'api')", name="kind_is_known"),
        sa.PrimaryKeyConstraint("kind", "key"),
    )


def create_offer() -> None:
    """What the operator decides."""
    op.create_table(
        "tier",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("inherits", sa.String(32), sa.ForeignKey("tier.key"), nullable=True),
        sa.UniqueConstraint("rank"),
    )
    op.create_table(
        "tier_feature",
        sa.Column("tier_key", sa.String(32), sa.ForeignKey("tier.key"), nullable=False),
        sa.Column("feature_key", sa.String(64), sa.ForeignKey("feature.key"), nullable=False),
        sa.PrimaryKeyConstraint("tier_key", "feature_key"),
    )
    op.create_table(
        "tier_limit",
        sa.Column("tier_key", sa.String(32), sa.ForeignKey("tier.key"), nullable=False),
        sa.Column("limit_key", sa.String(32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(sa.column("limit_key").in_(list(LIMITS)), name="limit_key_is_known"),
        sa.CheckConstraint("value >= 0", name="value_is_a_number_of_things"),
        sa.PrimaryKeyConstraint("tier_key", "limit_key"),
    )
    op.create_table(
        "kill_switch",
        sa.Column("feature_key", sa.String(64), sa.ForeignKey("feature.key"), primary_key=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def create_terms() -> None:
    """What one guild may have."""
    op.create_table(
        "subscription",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("guild_id", sa.BigInteger(), sa.ForeignKey("guild.id", ondelete="CASCADE"), nullable=False),
        sa.Column("tier_key", sa.String(32), sa.ForeignKey("tier.key"), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("granted_by", sa.String(64), nullable=False),
        sa.Column("external_id", sa.String(64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("source IN ('manual', 'trial', 'discord')", name="source_is_known"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        sa.UniqueConstraint("external_id"),
    )
    op.create_index(op.f("ix_subscription_guild_id"), "subscription", ["guild_id"], unique=False)
    op.create_index(
        "subscription_to_end",
        "subscription",
        ["ends_at"],
        unique=False,
        postgresql_where=sa.text("ends_at IS NOT NULL AND revoked_at IS NULL AND expired_at IS NULL"),
    )
    op.create_table(
        "entitlement_grant",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("guild_id", sa.BigInteger(), sa.ForeignKey("guild.id", ondelete="CASCADE"), nullable=False),
        sa.Column("feature_key", sa.String(64), sa.ForeignKey("feature.key"), nullable=True),
        sa.Column("limit_key", sa.String(32), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("granted_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(sa.column("limit_key").in_(list(LIMITS)), name="limit_key_is_known"),
        sa.CheckConstraint("(feature_key IS NULL) <> (limit_key IS NULL)", name="feature_or_limit"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        sa.CheckConstraint("value IS NULL OR (value >= 0 AND limit_key IS NOT NULL)", name="value_is_of_a_limit"),
    )
    op.create_index(op.f("ix_entitlement_grant_guild_id"), "entitlement_grant", ["guild_id"], unique=False)


def create_choices() -> None:
    """What one guild has chosen."""
    op.create_table(
        "feature_toggle",
        sa.Column("guild_id", sa.BigInteger(), sa.ForeignKey("guild.id", ondelete="CASCADE"), nullable=False),
        sa.Column("feature_key", sa.String(64), sa.ForeignKey("feature.key"), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "feature_key"),
    )
    op.create_table(
        "module_toggle",
        sa.Column("guild_id", sa.BigInteger(), sa.ForeignKey("guild.id", ondelete="CASCADE"), nullable=False),
        sa.Column("module_key", sa.String(32), sa.ForeignKey("module.key"), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "module_key"),
    )
    op.create_table(
        "access_rule",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("guild_id", sa.BigInteger(), sa.ForeignKey("guild.id", ondelete="CASCADE"), nullable=False),
        sa.Column("allow", sa.Boolean(), nullable=False),
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("target_kind", sa.String(16), nullable=False),
        sa.Column("target_key", sa.String(64), nullable=False),
        sa.Column("place_kind", sa.String(16), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(place_kind = 'everywhere') = (place_id = 0)", name="place_kind_has_its_place_id"),
        sa.CheckConstraint("(subject_kind = 'everyone') = (subject_id = 0)", name="subject_kind_has_its_subject_id"),
        sa.CheckConstraint("(target_kind = 'everything') = (target_key = '')", name="target_kind_has_its_target_key"),
        sa.CheckConstraint("place_kind IN ('everywhere', 'category', 'channel')", name="place_kind_is_known"),
        sa.CheckConstraint(
            "subject_kind IN ('everyone', 'permission', 'role', 'member')", name="subject_kind_is_known"
        ),
        sa.CheckConstraint(
            "target_kind IN ('everything', 'module', 'feature', 'command')", name="target_kind_is_known"
        ),
        sa.UniqueConstraint(
            "guild_id",
            "allow",
            "subject_kind",
            "subject_id",
            "target_kind",
            "target_key",
            "place_kind",
            "place_id",
            name="access_rule_says_it_once",
        ),
    )
    op.create_index(op.f("ix_access_rule_guild_id"), "access_rule", ["guild_id"], unique=False)
    op.create_table(
        "channel_list_entry",
        sa.Column("guild_id", sa.BigInteger(), sa.ForeignKey("guild.id", ondelete="CASCADE"), nullable=False),
        sa.Column("target_kind", sa.String(16), nullable=False),
        sa.Column("target_key", sa.String(64), nullable=False),
        sa.Column("place_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(target_kind = 'everything') = (target_key = '')", name="target_kind_has_its_target_key"),
        sa.CheckConstraint(
            "target_kind IN ('everything', 'module', 'feature', 'command')", name="target_kind_is_known"
        ),
        sa.PrimaryKeyConstraint("guild_id", "target_kind", "target_key", "place_id"),
    )
    op.create_table(
        "access_request",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("guild_id", sa.BigInteger(), sa.ForeignKey("guild.id", ondelete="CASCADE"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("user_name", sa.String(100), nullable=False),
        sa.Column("command", sa.String(64), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(16), nullable=True),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("rule_id", sa.BigInteger(), sa.ForeignKey("access_rule.id", ondelete="SET NULL"), nullable=True),
        sa.CheckConstraint("answer IN ('allowed', 'dismissed')", name="answer_is_known"),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered_with_an_answer"),
    )
    op.create_index(
        "access_request_asked_once",
        "access_request",
        ["guild_id", "user_id", "command"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )


def create_audit() -> None:
    """Who changed what: nobody changes it."""
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("guild_id", sa.BigInteger(), sa.ForeignKey("guild.id", ondelete="CASCADE"), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("via", sa.String(16), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target", sa.String(128), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("personal", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("commitments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("via IN ('discord', 'web', 'api', 'cli', 'system')", name="via_is_known"),
        sa.CheckConstraint("number >= 1", name="number_counts_from_1"),
    )
    op.create_index("audit_entry_of_guild", "audit_entry", ["guild_id", "number"], unique=True)
    op.create_index(
        "audit_entry_of_operator", "audit_entry", ["number"], unique=True, postgresql_where=sa.text("guild_id IS NULL")
    )
    op.execute(APPEND_ONLY)
    op.execute(ROWS_STAY)
    op.execute(TABLE_STAYS)


def seed() -> None:
    """The two tiers. Which features they have comes with the features."""
    tier = sa.table("tier", *(sa.column(name) for name in ("key", "title", "rank", "inherits")))
    limit = sa.table("tier_limit", *(sa.column(name) for name in ("tier_key", "limit_key", "value")))
    op.bulk_insert(tier, TIERS)
    op.bulk_insert(
        limit,
        [
            {"tier_key": tier["key"], "limit_key": key, "value": value}
            for key, values in LIMITS.items()
            for tier, value in zip(TIERS, values, strict=True)
        ],
    )


def downgrade() -> None:
    op.execute("DROP TABLE policy_change")
    op.execute("DROP SEQUENCE policy_version")
    op.drop_table("audit_entry")
    op.execute("DROP FUNCTION audit_entry_stays")
    for table in (
        "access_request",
        "channel_list_entry",
        "access_rule",
        "module_toggle",
        "feature_toggle",
        "entitlement_grant",
        "subscription",
        "kill_switch",
        "tier_limit",
        "tier_feature",
        "tier",
        "surface",
        "feature",
        "module",
    ):
        op.drop_table(table)
