"""The alarm's rules: pure, a table and what it calls for."""
