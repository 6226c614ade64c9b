"""The duty officers' shift log."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "shift",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("officer", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("to", sa.String),
        sa.Column("read_by", sa.String),
        sa.Column("read_at", sa.Float),
    )
    op.create_index("shift_read", "shift", ["read_at"])
