"""Guilds without recent events, without the bot, or with a text in their name are found by an index"""

import sqlalchemy as sa

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

MARK_SQL = """
UPDATE guild SET is_silent = false
WHERE EXISTS (SELECT FROM guild_activity AS a WHERE a.guild_id = guild.id AND a.events > 0)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("guild", sa.Column("is_silent", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute(MARK_SQL)
    op.execute("ALTER INDEX guild_name_part SET (fastupdate = off)")
    op.execute("SELECT gin_clean_pending_list('guild_name_part')")
    op.create_index(
        "guild_silent", "guild", ["member_count", "id"], postgresql_where=sa.text("is_silent"), if_not_exists=True
    )
    op.create_index(
        "guild_left",
        "guild",
        ["member_count", "id"],
        postgresql_where=sa.text("left_at IS NOT NULL"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.execute("ALTER INDEX guild_name_part RESET (fastupdate)")
    op.drop_index("guild_left", "guild")
    op.drop_index("guild_silent", "guild")
    op.drop_column("guild", "is_silent")
