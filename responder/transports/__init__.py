"""How a message leaves: a modem's SMS, Apprise."""
