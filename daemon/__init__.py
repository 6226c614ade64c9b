"""The wearable's daemon: the alarm's rules, the outbox, delivery, and the service around them."""
