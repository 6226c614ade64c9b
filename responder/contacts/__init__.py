"""The contact's page."""
