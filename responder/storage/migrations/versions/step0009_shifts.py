"""The duty officers' shift log, and an index for what people did lately."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_BESIDE_REPORTS = sa.text("what != 'REPORT'")


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
    op.create_index(
        "history_lately",
        "history",
        ["at"],
        sqlite_where=_BESIDE_REPORTS,
        postgresql_where=_BESIDE_REPORTS,
    )
