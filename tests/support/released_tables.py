"""The tables as they were released, before layouts had numbers; they never change."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

released = MetaData()
unsigned32 = Integer().with_variant(BigInteger(), "postgresql")

Table(
    "wearer",
    released,
    Column("device", unsigned32, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("number", String),
    Column("psk", LargeBinary, nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("enrolled_at", Float, nullable=False),
    Column("highest_counter", unsigned32),
    Column("heard_at", Float),
)
Table(
    "contact",
    released,
    Column("id", Integer, primary_key=True),
    Column("device", ForeignKey("wearer.device"), nullable=False),
    Column("number_in_list", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("number", String, nullable=False),
    Column("language", String, nullable=False),
    Column("pin_salt", LargeBinary, nullable=False),
    Column("pin_hash", LargeBinary, nullable=False),
    UniqueConstraint("device", "number_in_list"),
)
Table(
    "alarm",
    released,
    Column("id", Integer, primary_key=True),
    Column("device", ForeignKey("wearer.device"), nullable=False),
    Column("device_alarm", unsigned32, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("arrived_at", Float, nullable=False),
    Column("due_at", Float),
    UniqueConstraint("device", "device_alarm", "kind"),
    Index("alarm_due", "due_at"),
)
Table(
    "safe_code",
    released,
    Column("device", ForeignKey("wearer.device"), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
Table(
    "heartbeat",
    released,
    Column("device", ForeignKey("wearer.device"), primary_key=True),
    Column("counter", unsigned32, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("report", LargeBinary, nullable=False),
)
Table(
    "message",
    released,
    Column("id", Integer, primary_key=True),
    Column("device", ForeignKey("wearer.device"), nullable=False),
    Column("counter", unsigned32, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("alarm", ForeignKey("alarm.id"), nullable=False),
    Column("path", String, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("stale", Boolean, nullable=False),
    Column("report", LargeBinary, nullable=False),
    Index("message_counter", "device", "counter"),
    Index("message_alarm", "alarm"),
)
Table(
    "unjudged",
    released,
    Column("message", ForeignKey("message.id"), primary_key=True),
    Column("taps", String, nullable=False),
)
Table(
    "history",
    released,
    Column("alarm", ForeignKey("alarm.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("what", String, nullable=False),
    Column("data", String, nullable=False),
)
Table(
    "action",
    released,
    Column("id", Integer, primary_key=True),
    Column("alarm", ForeignKey("alarm.id"), nullable=False),
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("state", String, nullable=False),
    Column("changed_at", Float, nullable=False),
    UniqueConstraint("alarm", "key"),
    Index("action_state", "state"),
)
Table(
    "invitation",
    released,
    Column("token", String, primary_key=True),
    Column("alarm", ForeignKey("alarm.id"), nullable=False),
    Column("contact", ForeignKey("contact.id"), nullable=False),
    UniqueConstraint("alarm", "contact"),
)
Table(
    "post",
    released,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("published_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("text", String, nullable=False),
    Column("correction", String),
    Column("answers", ForeignKey("post.id")),
)
