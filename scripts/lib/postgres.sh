# PostgreSQL on its own port and folder. Durability stays on: the tests kill it and count what is left.

# The folder of the newest installed server's programs.
postgres_programs() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }

# postgres_up STATE: starts a fresh server and writes STATE/postgres.url.
postgres_up() {
    local state=$1 bin port password data=$1/postgres
    bin=$(postgres_programs)
    port=$(free_port)
    password=$(secret)
    rm -rf "$data"
    mkdir -p "$data" "$state/logs"
    printf '%s' "$password" >"$data.password"
    postgres_owns "$data" "$data.password"
    as_postgres "$bin/initdb" --pgdata="$data" --username=handin --pwfile="$data.password" --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C --no-sync >"$state/logs/initdb.log" 2>&1 || { cat "$state/logs/initdb.log" >&2; return 1; }
    launch "$state" postgres "${as_postgres[@]}" "$bin/postgres" -D "$data" -p "$port" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200
    ready "$state" postgres 20 "$bin/pg_isready" --host=127.0.0.1 --port="$port" || return 1
    echo "postgres://handin:$password@127.0.0.1:$port/postgres" >"$state/postgres.url"
}

# SIGINT is PostgreSQL's "fast" shutdown: it does not wait for clients to leave.
postgres_down() { stop "$1" postgres INT; }

# PostgreSQL refuses to run as root. `setpriv` becomes the server instead of watching over it, so the process id is the server's.
as_postgres=()
[ "$(id -u)" -ne 0 ] || as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups)

as_postgres() { (cd / && "${as_postgres[@]}" "$@"); }

postgres_owns() { [ "$(id -u)" -ne 0 ] || chown -R postgres: "$@"; }
