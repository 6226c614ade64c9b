"""Outcry: a personal alarm for human-rights defenders.

What both ends share lives here: the report (fields to bytes), the envelope
that seals it, the receipt that answers it, the enrolment file that makes a
wearer, and the beats that show a service's threads still turn. The wearable is
``outcry.daemon`` over ``outcry.hw``; the receiving service is
``outcry.responder``.
"""

__version__ = "0.1.0"
