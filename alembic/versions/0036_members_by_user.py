"""Find the servers of a user by index, for `/privacy` in direct messages and on the page about their data"""

from alembic import op

revision = "0036"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("member_by_user", "member", ["user_id"])


def downgrade() -> None:
    op.drop_index("member_by_user", "member")
