"""The record's lines say what they are about, can be forgotten, and bear time stamps."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("record", sa.Column("subject", sa.String))
    op.add_column("record", sa.Column("leaf", sa.LargeBinary))
    op.create_index("record_subject", "record", ["subject", "n"])
    op.create_table(
        "stamp",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("reply", sa.LargeBinary, nullable=False),
    )
