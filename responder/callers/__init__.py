"""Processes in which libraries call the outside.

They are ended at their limit, asked before each request, and connect to no place inside.
"""
