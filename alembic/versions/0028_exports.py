"""Exports of a guild's history, and the parts of their files"""

import sqlalchemy as sa

from alembic import op

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TIMES = ("started_at", "paused_at", "planned_at", "finished_at", "expires_at", "stepped_at")


def upgrade() -> None:
    op.create_table(
        "export_job",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("created_by_user", sa.BigInteger(), nullable=True),
        sa.Column("created_by_key", sa.BigInteger(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("data_sets", sa.ARRAY(sa.String(16)), nullable=False),
        sa.Column("format", sa.String(8), nullable=False),
        sa.Column("from_at", TIME, nullable=False),
        sa.Column("to_at", TIME, nullable=False),
        sa.Column("border_at", TIME, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("with_members", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("max_rows", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(8), server_default="queued", nullable=False),
        sa.Column("error", sa.String(16), nullable=True),
        *(sa.Column(name, TIME, nullable=True) for name in TIMES),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("privacy_version", sa.BigInteger(), server_default="-1", nullable=False),
        sa.Column("hidden_digest", sa.LargeBinary(), nullable=True),
        *(
            sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
            for name in ("estimated_rows", "done_rows", "part_rows")
        ),
        sa.Column("file_bytes", sa.BigInteger(), nullable=True),
        sa.Column("file_digest", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_export_job_guild_id", "export_job", ["guild_id"])
    op.create_index(
        "export_job_open",
        "export_job",
        ["guild_id", "id"],
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    create_parts()


def create_parts() -> None:
    op.create_table(
        "export_part",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("table", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("from_at", TIME, nullable=False),
        sa.Column("to_at", TIME, nullable=False),
        sa.Column("estimated_rows", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["export_job.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "position"),
    )


def downgrade() -> None:
    op.drop_table("export_part")
    op.drop_table("export_job")
