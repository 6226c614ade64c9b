"""Every outside call: its outbox row, its lease, one worker a destination."""
