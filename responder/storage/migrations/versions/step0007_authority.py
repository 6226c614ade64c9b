"""Changes of plans that wait for a second officer, and what all officers are told."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"

_unsigned32 = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("device", _unsigned32, sa.ForeignKey("wearer.device"), nullable=False),
        sa.Column("asked_by", sa.String, sa.ForeignKey("officer.name"), nullable=False),
        sa.Column("asked_at", sa.Float, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("wanted", sa.String, nullable=False),
        sa.UniqueConstraint("device", "asked_by"),
    )
    op.create_table(
        "announcement",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("data", sa.String, nullable=False),
        sa.Column("told", sa.String, nullable=False),
        sa.Column("due_at", sa.Float),
    )
    op.create_index("announcement_due", "announcement", ["due_at"])
