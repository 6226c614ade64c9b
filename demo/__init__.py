"""Press to post, with every part a process of its own. ``python -m demo``; tests use the stage."""
