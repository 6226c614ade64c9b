"""Hashes that take no time, for tests of everything but the hashes themselves."""

from argon2 import PasswordHasher

PIN_COST = 1  # the least that scrypt knows
PASSWORDS = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
