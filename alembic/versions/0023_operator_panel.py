"""Search of guilds by a part of the name, owner or key; activity of guilds; operators' notes"""

import sqlalchemy as sa

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_index(
        "guild_name_part", "guild", ["name"], postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    )
    op.create_index("ix_guild_owner_id", "guild", ["owner_id"])
    op.create_index("guild_by_size", "guild", ["member_count", "id"])
    op.create_index("ix_api_key_hint", "api_key", ["hint"])
    op.create_table(
        "guild_activity",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("first_event_at", TIME, nullable=False),
        sa.Column("last_event_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id"),
    )
    op.create_table(
        "operator_note",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_operator_note_guild_id", "operator_note", ["guild_id"])


def downgrade() -> None:
    op.drop_table("operator_note")
    op.drop_table("guild_activity")
    op.drop_index("ix_api_key_hint", "api_key")
    op.drop_index("guild_by_size", "guild")
    op.drop_index("ix_guild_owner_id", "guild")
    op.drop_index("guild_name_part", "guild")
    op.execute("DROP EXTENSION IF EXISTS pg_trgm")
