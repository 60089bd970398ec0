"""A PostgreSQL of our own: a fresh folder, a free port of the loopback address, durability on."""

import os
import secrets
import shutil
import subprocess

from . import needs
from .instance import free_port
from .processes import SERVER, Server, run, wait_until


class Postgres(Server):
    """Runs in `folder` until it is stopped. As root it runs as the user `postgres`, because it refuses to be root."""

    def __init__(self, folder, core=SERVER):
        self.bin, self.port, self.password, self.databases = needs.postgres(), free_port(), secrets.token_hex(16), 0
        data, password = os.path.join(folder, "postgres"), os.path.join(folder, "postgres.password")
        os.makedirs(data)
        with open(password, "w", encoding="ascii") as file:
            file.write(self.password)
        self.prefix = []
        if os.getuid() == 0:
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
            os.chmod(folder, 0o711)
            shutil.chown(data, "postgres", "postgres")
            shutil.chown(password, "postgres", "postgres")
        run(*self.prefix, f"{self.bin}/initdb", f"--pgdata={data}", "--username=handin", f"--pwfile={password}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
        super().__init__(
            *self.prefix, f"{self.bin}/postgres", "-D", data, "-p", self.port, "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", core=core, log=os.path.join(folder, "postgres.log"), signal="INT",
        )
        wait_until(self.ready, what="PostgreSQL")

    def ready(self):
        asked = subprocess.run(
            [f"{self.bin}/pg_isready", "--host=127.0.0.1", f"--port={self.port}"], capture_output=True, check=False
        )
        return asked.returncode == 0

    def database(self):
        """The URL of a new empty database."""
        self.databases += 1
        name = f"bench{self.databases}"
        run(f"{self.bin}/createdb", "--host=127.0.0.1", f"--port={self.port}", "--username=handin", name,
            env={"PGPASSWORD": self.password})
        return f"postgres://handin:{self.password}@127.0.0.1:{self.port}/{name}"
