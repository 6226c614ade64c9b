"""The ports of the stage's servers: nobody else is given one before its server has started."""

import socket

from stage.ports import free_port


def test_no_connection_of_anybody_is_given_a_port_that_was_chosen():
    chosen = {free_port() for _ in range(100)}
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = []
        for _ in range(100):
            with socket.create_connection(server.getsockname()) as connection:
                given.append(connection.getsockname()[1])
    assert max(chosen) < min(given), "the kernel gives out ports from a range above these"
