"""The receiving service at HQ: takes alarms in, tells people, and makes an alarm public."""
