"""Wearers are found, sorted and drawn by an index, and alarms that are over told from the others."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_SORTED = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_UNSIGNED = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    for column in (
        sa.Column("sort_name", _SORTED),
        sa.Column("battery", sa.Integer),
        sa.Column("low_battery", sa.Boolean),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        sa.Column("drilled_at", sa.Float),
    ):
        op.add_column("wearer", column)
    for name, columns in (
        ("wearer_name", ["sort_name", "device"]),
        ("wearer_heard", ["heard_at", "device"]),
        ("wearer_battery", ["battery", "device"]),
        ("wearer_low", ["low_battery", "device"]),
        ("wearer_drilled", ["drilled_at", "device"]),
        ("wearer_place", ["latitude", "longitude"]),
    ):
        op.create_index(name, "wearer", columns)
    op.create_table(
        "wearer_word",
        sa.Column("word", _SORTED, primary_key=True),
        sa.Column(
            "device",
            _UNSIGNED,
            sa.ForeignKey("wearer.device", ondelete="CASCADE"),
            primary_key=True,
        ),
    )
    op.create_index("wearer_word_device", "wearer_word", ["device"])
    op.add_column("alarm", sa.Column("settled_at", sa.Float))
    op.add_column("alarm", sa.Column("ending", sa.String))
    op.add_column("alarm", sa.Column("published", sa.Boolean))
    op.create_index("alarm_settled", "alarm", ["settled_at", "kind", "arrived_at"])
    op.create_index("alarm_arrived", "alarm", ["arrived_at"])
    op.drop_index("message_alarm", "message")
    op.create_index("message_alarm", "message", ["alarm", "received_at"])
