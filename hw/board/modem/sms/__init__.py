"""Text messages in a modem and its network: PDUs, alphabets, store, service centre."""
