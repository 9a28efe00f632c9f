"""Ports of this machine for servers of the tests."""

import socket


def free_port() -> int:
    """One where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
