"""Settings of servers, managers who get messages about requests, tests of rules, who opened data about members"""

import sqlalchemy as sa

from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

# The first day of the week changes the points of a chart by week, and the audience who may see stored answers.
SETTINGS_CHANGED_SQL = """
CREATE TRIGGER guild_settings_changed AFTER UPDATE ON guild
FOR EACH ROW WHEN (
    NEW.timezone IS DISTINCT FROM OLD.timezone OR NEW.week_start <> OLD.week_start
    OR NEW.member_audience <> OLD.member_audience
)
EXECUTE FUNCTION raise_data_version_of_guild()
"""
TIME_ZONE_CHANGED_SQL = """
CREATE TRIGGER guild_time_zone_changed AFTER UPDATE ON guild
FOR EACH ROW WHEN (NEW.timezone IS DISTINCT FROM OLD.timezone) EXECUTE FUNCTION raise_data_version_of_guild()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("guild", sa.Column("week_start", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("guild", sa.Column("member_audience", sa.String(16), server_default="insights", nullable=False))
    op.add_column("guild", sa.Column("request_channel_id", sa.BigInteger(), nullable=True))
    op.add_column("guild", sa.Column("welcomed_at", TIME, nullable=True))
    op.create_check_constraint("week_start_is_a_weekday", "guild", "week_start BETWEEN 1 AND 7")
    op.create_check_constraint(
        "member_audience_is_known", "guild", "member_audience IN ('insights', 'managers', 'administrators', 'none')"
    )
    op.execute("UPDATE guild SET welcomed_at = joined_at")
    op.execute("DROP TRIGGER guild_time_zone_changed ON guild")
    op.execute(SETTINGS_CHANGED_SQL)
    op.create_index(
        "guild_not_welcomed", "guild", ["id"], postgresql_where=sa.text("welcomed_at IS NULL AND left_at IS NULL")
    )
    add_notification_of_decisions()
    create_request_subscribers()
    create_rule_tests()
    create_member_data_views()


def add_notification_of_decisions() -> None:
    op.add_column("access_request", sa.Column("notified_at", TIME, nullable=True))
    op.execute("UPDATE access_request SET notified_at = decided_at")
    op.create_index(
        "access_request_not_notified",
        "access_request",
        ["decided_at"],
        postgresql_where=sa.text("decided_at IS NOT NULL AND notified_at IS NULL"),
    )


def create_request_subscribers() -> None:
    op.create_table(
        "request_subscriber",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "user_id"),
    )


def create_rule_tests() -> None:
    op.create_table(
        "rule_test",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.Column("command", sa.String(64), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guild_id", "name", name="rule_test_name_unique"),
    )


def create_member_data_views() -> None:
    op.create_table(
        "member_data_view",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", TIME, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("view", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "member_data_view_unique",
        "member_data_view",
        ["guild_id", "hour", "user_id", "view"],
        unique=True,
        postgresql_where=sa.text("user_id <> 0"),
    )


def downgrade() -> None:
    for table in ("member_data_view", "rule_test", "request_subscriber"):
        op.drop_table(table)
    op.drop_index("access_request_not_notified", "access_request")
    op.drop_column("access_request", "notified_at")
    op.drop_index("guild_not_welcomed", "guild")
    op.execute("DROP TRIGGER guild_settings_changed ON guild")
    op.execute(TIME_ZONE_CHANGED_SQL)
    op.drop_constraint("member_audience_is_known", "guild")
    op.drop_constraint("week_start_is_a_weekday", "guild")
    for column in ("welcomed_at", "request_channel_id", "member_audience", "week_start"):
        op.drop_column("guild", column)
