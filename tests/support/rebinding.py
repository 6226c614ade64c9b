"""A name whose address is another in callers than in HQ: whoever owns a zone can answer so."""

import socket

REBOUND = "rebound.example.org"


def load() -> None:
    """In callers, as what they load first: the name means this machine."""
    looks_up = socket.getaddrinfo

    def rebound(host, port, *arguments, **more):
        return looks_up("127.0.0.1" if host == REBOUND else host, port, *arguments, **more)

    socket.getaddrinfo = rebound
