"""When each device is to be looked for is a column with an index, kept by whatever changes it.

What was silent before goes on being silent: its alarm is not raised again.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SILENCE = 16
# Those that have been heard since are due at once, to be ended.
_ENDING = """
    UPDATE wearer SET due_at = heard_at WHERE silence IS NOT NULL AND heard_at > (
        SELECT alarm.arrived_at FROM alarm WHERE alarm.id = wearer.silence
    )
"""
_STANDING = """
    UPDATE wearer SET silence = (
        SELECT max(alarm.id) FROM alarm WHERE alarm.device = wearer.device AND alarm.kind = :kind
    )
"""
_OVER = """
    UPDATE wearer SET silence = NULL WHERE EXISTS (
        SELECT 1 FROM history WHERE history.alarm = wearer.silence AND history.what = 'HEARD'
    )
"""
_DUE = """
    UPDATE wearer SET due_at = heard_at + 1.5 * heartbeat_s WHERE silence IS NULL
    AND EXISTS (SELECT 1 FROM heartbeat WHERE heartbeat.device = wearer.device)
"""


def upgrade() -> None:
    op.add_column("wearer", sa.Column("heartbeat_s", sa.Float, server_default="600"))
    op.add_column("wearer", sa.Column("due_at", sa.Float))
    op.add_column("wearer", sa.Column("silence", sa.Integer))
    op.create_index("wearer_due", "wearer", ["due_at"])
    op.create_table(
        "listening",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("looked_at", sa.Float, nullable=False),
        sa.Column("deaf_s", sa.Float, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
    )
    connection = op.get_bind()
    _take_over_the_plans(connection)
    connection.execute(sa.text(_STANDING), {"kind": _SILENCE})
    for statement in (_OVER, _DUE, _ENDING):
        connection.execute(sa.text(statement))


def _take_over_the_plans(connection: sa.Connection) -> None:
    for device, terms in connection.execute(sa.text("SELECT device, terms FROM plan")).all():
        try:
            said = json.loads(terms)["silence"]
            watch, every_s = bool(said.get("watch", True)), 60.0 * said.get("heartbeat_minutes", 10)
        except (ValueError, KeyError, TypeError, AttributeError):  # damaged: as without one
            continue
        connection.execute(
            sa.text("UPDATE wearer SET heartbeat_s = :every_s WHERE device = :device"),
            {"device": device, "every_s": every_s if watch else None},
        )
