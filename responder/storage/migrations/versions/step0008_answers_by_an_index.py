"""A long alarm's answers, and the alarms that were deleted, are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_BESIDE_REPORTS = sa.text("what != 'REPORT'")
_REMOVED = sa.text("alarm IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "history_beside_reports",
        "history",
        ["alarm", "what"],
        sqlite_where=_BESIDE_REPORTS,
        postgresql_where=_BESIDE_REPORTS,
    )
    op.create_index(
        "record_removed",
        "record",
        ["alarm"],
        sqlite_where=_REMOVED,
        postgresql_where=_REMOVED,
    )
