"""Duty officers, plans, answers by SMS, posts with pictures, and calls that are leased.

Not released yet: what is added to the tables before the release is added here.
"""

import sqlalchemy as sa
from alembic import op

from outcry.responder.storage import links

revision = "0002"
down_revision = "0001"

_unsigned32 = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.add_column("post", sa.Column("language", sa.String, nullable=False, server_default="en"))
    op.add_column("post", sa.Column("picture", sa.LargeBinary))
    op.add_column("post", sa.Column("alt", sa.String, nullable=False, server_default=""))
    op.create_table(
        "officer",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("totp_secret", sa.String, nullable=False),
        sa.Column("totp_used", sa.Integer),
        sa.Column("password_hash", sa.String),
        sa.Column("welcome_hash", sa.LargeBinary, unique=True),
        sa.Column("welcome_until", sa.Float),
        sa.Column("refused", sa.Integer, nullable=False),
    )
    op.create_table(
        "recovery_code",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("officer", sa.String, sa.ForeignKey("officer.name"), nullable=False),
    )
    op.create_table(
        "officer_session",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("officer", sa.String, sa.ForeignKey("officer.name"), nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    op.add_column("action", sa.Column("owner", sa.String))
    op.add_column("action", sa.Column("generation", sa.Integer, nullable=False, server_default="0"))
    op.add_column("action", sa.Column("lease_until", sa.Float))
    op.create_table(
        "draft",
        sa.Column("alarm", sa.Integer, sa.ForeignKey("alarm.id"), primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("target", sa.String, primary_key=True),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("picture", sa.LargeBinary),
        sa.Column("alt", sa.String, nullable=False),
    )
    op.create_table(
        "plan",
        sa.Column("device", _unsigned32, sa.ForeignKey("wearer.device"), primary_key=True),
        sa.Column("terms", sa.String, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_table(
        "sms_code",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("contact", sa.Integer, sa.ForeignKey("contact.id"), nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("burned_at", sa.Float),
    )
    op.create_index("sms_code_contact", "sms_code", ["contact"])
    op.create_table(
        "finding",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("checked_at", sa.Float, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("remedy", sa.String, nullable=False),
        sa.Column("expires_at", sa.Float),
    )
    op.create_table(
        "record",
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("data", sa.String, nullable=False),
        sa.Column("alarm", sa.Integer),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("link", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("device", _unsigned32, sa.ForeignKey("wearer.device"), nullable=False),
        sa.Column("counter", _unsigned32, nullable=False),
    )
    op.create_index("forgotten_device", "forgotten", ["device"])
    op.add_column("history", sa.Column("salt", sa.LargeBinary))
    op.add_column("history", sa.Column("link", sa.LargeBinary))
    _link_what_is_there()


def _link_what_is_there() -> None:
    """From here on changes are found; whether there were any before, nobody can say."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT alarm, n, at, what, data FROM history ORDER BY alarm, n")
    ).all()
    last: dict[int, bytes] = {}
    for row in rows:
        salt = links.new_salt()
        last[row.alarm] = links.link(last.get(row.alarm), salt, *row)
        connection.execute(
            sa.text(
                "UPDATE history SET salt = :salt, link = :link WHERE alarm = :alarm AND n = :n"
            ),
            {"salt": salt, "link": last[row.alarm], "alarm": row.alarm, "n": row.n},
        )
