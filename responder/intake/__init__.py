"""Sealed bytes in, receipt out; answers by SMS; withdrawals judged."""
