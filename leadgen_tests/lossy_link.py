"""A TCP link to a server that can be cut, frozen and mended: what a killed, restarted or stopped server looks like to clients,
without disturbing others who use it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class LossyLink:
    """Listens on `port` of loopback and passes everything on to a server, as long as it is whole."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open = threading.Event()
        self._open.set()
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.dropped = 0
        """Answers that were on their way when the link was cut."""
        self._swallow = threading.Event()
        self._wanted = b""
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and each new one at once."""
        self._open.clear()
        for each in list(self._sockets):
            _end(each)

    def cut_before_the_next_answer(self, containing: bytes = b"") -> None:
        """Let the next request through, and cut the link when its answer comes: it was done, and nobody is told."""
        self._wanted = containing
        self._swallow.set()

    def freeze(self) -> None:
        """Keep every connection open and pass nothing on."""
        self._flows.clear()

    def mend(self) -> None:
        """As it was."""
        self._open.set()
        self._flows.set()

    def close(self) -> None:
        """Stop listening."""
        self.mend()
        self.cut()
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if not self._open.is_set():
                client.close()
                continue
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._sockets |= {client, server}
            if not self._open.is_set():
                self.cut()  # it was cut while this one was on its way
            threading.Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                if not self._open.is_set():
                    break
                is_wanted = self._wanted in data and b"isWritablePrimary" not in data
                if is_answer and self._swallow.is_set() and is_wanted:
                    self._swallow.clear()
                    self.dropped += 1
                    self.cut()
                    break
                target.sendall(data)
        for each in (source, target):
            self._sockets.discard(each)
            _end(each)  # closing alone tells nobody while another thread reads from it
            each.close()


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


@contextmanager
def link_to_mongo(uri: str) -> Iterator[tuple[LossyLink, str]]:
    """A link to the MongoDB at `uri`, and the address that leads through it."""
    with _link_to(uri) as (link, there):
        yield link, f"{there}/?directConnection=true&authSource=admin"


@contextmanager
def link_to_redis(url: str) -> Iterator[tuple[LossyLink, str]]:
    """A link to the Redis at `url`, and the address that leads through it."""
    with _link_to(url) as (link, there):
        yield link, there + urlsplit(url).path


@contextmanager
def _link_to(address: str) -> Iterator[tuple[LossyLink, str]]:
    parts = urlsplit(address)
    assert parts.hostname
    assert parts.port
    link = LossyLink(parts.hostname, parts.port)
    login = parts.netloc.rpartition("@")[0]
    try:
        yield link, f"{parts.scheme}://{f'{login}@' if login else ''}127.0.0.1:{link.port}"
    finally:
        link.close()
