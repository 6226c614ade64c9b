"""What a check has found: all is well, or what to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What a check saw: of one credential or one part. ``expires_at`` is Unix seconds."""

    ok: bool
    what: str
    remedy: str = ""
    expires_at: float | None = None
