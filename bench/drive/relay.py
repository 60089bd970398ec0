"""A relay that counts: what goes through the API's connections, headers and all."""

import socket
import threading


class Relay:
    """Passes connections on to `upstream` (`host:port`) and counts the bytes of both directions. Use it with `with`."""

    def __init__(self, upstream):
        host, port = upstream.rsplit(":", 1)
        self.upstream, self.up, self.down, self.lock = (host, int(port)), 0, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Closing alone does not wake a thread that waits in accept.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.upstream)
            threading.Thread(target=self.pump, args=(near, far, "up"), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, "down"), daemon=True).start()

    def pump(self, source, target, direction):
        try:
            while data := source.recv(1 << 16):
                with self.lock:
                    setattr(self, direction, getattr(self, direction) + len(data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            # One side went away; the other is told by closing.
            source.close()
            target.close()
