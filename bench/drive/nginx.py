"""nginx as a store of files: its DAV module takes PUTs into a folder. Not durable and unchecked: what HTTP alone costs."""

import os
import socket

from .instance import free_port
from .needs import which
from .processes import SERVER, Server, wait_until

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/temporary;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/objects;
        client_max_body_size 8g;
        client_body_buffer_size 256k;
        location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
    }}
}}
"""


class Nginx(Server):
    """Serves PUTs into `folder`/objects until it is stopped."""

    def __init__(self, folder, core=SERVER):
        port, self.objects = free_port(), os.path.join(folder, "objects")
        self.address = f"127.0.0.1:{port}"
        os.makedirs(self.objects)
        # Started as root, it would give its workers to somebody who cannot write here.
        user = "user root;" if os.getuid() == 0 else ""
        configuration = os.path.join(folder, "nginx.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=folder, port=port, user=user))
        super().__init__(which("nginx"), "-c", configuration, core=core, log=os.path.join(folder, "nginx.log"))
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, what="nginx")
