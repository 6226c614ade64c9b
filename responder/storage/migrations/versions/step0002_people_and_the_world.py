"""Duty officers, plans, answers by SMS, posts with pictures, and calls that are leased.

Not released yet: what is added to the tables before the release is added here.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    text,
)

from outcry.responder.storage import audit_chain

revision = "0002"
down_revision = "0001"

_unsigned32 = Integer().with_variant(BigInteger(), "postgresql")


def upgrade() -> None:
    op.add_column("post", Column("language", String, nullable=False, server_default="en"))
    op.add_column("post", Column("picture", LargeBinary))
    op.add_column("post", Column("alt", String, nullable=False, server_default=""))
    op.create_table(
        "officer",
        Column("name", String, primary_key=True),
        Column("made_at", Float, nullable=False),
        Column("totp_secret", String, nullable=False),
        Column("totp_used", Integer),
        Column("password_hash", String),
        Column("welcome_hash", LargeBinary, unique=True),
        Column("welcome_until", Float),
        Column("refused", Integer, nullable=False),
    )
    op.create_table(
        "recovery_code",
        Column("hash", LargeBinary, primary_key=True),
        Column("officer", String, ForeignKey("officer.name"), nullable=False),
    )
    op.create_table(
        "officer_session",
        Column("hash", LargeBinary, primary_key=True),
        Column("officer", String, ForeignKey("officer.name"), nullable=False),
        Column("made_at", Float, nullable=False),
        Column("seen_at", Float, nullable=False),
    )
    op.add_column("action", Column("owner", String))
    op.add_column("action", Column("generation", Integer, nullable=False, server_default="0"))
    op.add_column("action", Column("lease_until", Float))
    op.create_table(
        "draft",
        Column("alarm", Integer, ForeignKey("alarm.id"), primary_key=True),
        Column("kind", String, primary_key=True),
        Column("target", String, primary_key=True),
        Column("made_at", Float, nullable=False),
        Column("text", String, nullable=False),
        Column("language", String, nullable=False),
        Column("picture", LargeBinary),
        Column("alt", String, nullable=False),
    )
    op.create_table(
        "plan",
        Column("device", _unsigned32, ForeignKey("wearer.device"), primary_key=True),
        Column("terms", String, nullable=False),
        Column("changed_at", Float, nullable=False),
    )
    op.create_table(
        "sms_code",
        Column("id", Integer, primary_key=True),
        Column("contact", Integer, ForeignKey("contact.id"), nullable=False),
        Column("salt", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("burned_at", Float),
    )
    op.create_index("sms_code_contact", "sms_code", ["contact"])
    op.create_table(
        "finding",
        Column("id", Integer, primary_key=True),
        Column("checked_at", Float, nullable=False),
        Column("ok", Boolean, nullable=False),
        Column("what", String, nullable=False),
        Column("remedy", String, nullable=False),
        Column("expires_at", Float),
    )
    op.create_table(
        "record",
        Column("n", Integer, primary_key=True),
        Column("at", Float, nullable=False),
        Column("what", String, nullable=False),
        Column("data", String, nullable=False),
        Column("alarm", Integer),
        Column("salt", LargeBinary, nullable=False),
        Column("link", LargeBinary, nullable=False),
    )
    op.create_table(
        "forgotten",
        Column("digest", LargeBinary, primary_key=True),
        Column("device", _unsigned32, ForeignKey("wearer.device"), nullable=False),
        Column("counter", _unsigned32, nullable=False),
    )
    op.create_index("forgotten_device", "forgotten", ["device"])
    op.add_column("history", Column("salt", LargeBinary))
    op.add_column("history", Column("link", LargeBinary))
    _link_what_is_there()


def _link_what_is_there() -> None:
    """From here on changes are found; whether there were any before, nobody can say."""
    connection = op.get_bind()
    rows = connection.execute(
        text("SELECT alarm, n, at, what, data FROM history ORDER BY alarm, n")
    ).all()
    last: dict[int, bytes] = {}
    for row in rows:
        salt = audit_chain.new_salt()
        last[row.alarm] = audit_chain.link(last.get(row.alarm), salt, *row)
        connection.execute(
            text("UPDATE history SET salt = :salt, link = :link WHERE alarm = :alarm AND n = :n"),
            {"salt": salt, "link": last[row.alarm], "alarm": row.alarm, "n": row.n},
        )
