"""Processes in which libraries call the outside: ended at their limit, asked before each request."""
