# What every script here stands on: places, messages, free ports, and processes that are stopped by the id they were started with.
# It knows no server and no test.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Things that are slow to get and safe to keep: built binaries, the Python environment, Cargo's output. Never in the clone.
cache=${HANDIN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/handin}

say() { printf '%s\n' "$*" >&2; }

die() { say "$(basename "$0"): $*"; exit 1; }

has() { command -v "$1" >/dev/null 2>&1; }

# A port of 127.0.0.1 that nobody listens on, drawn from below those that the kernel gives to outgoing connections: between
# the choice and the server's start nobody takes it by chance.
free_port() {
    python3 -c 'import random, socket
while True:
    port = random.SystemRandom().randrange(20000, 32000)
    with socket.socket() as s:
        if s.connect_ex(("127.0.0.1", port)) != 0:
            print(port)
            break'
}

# A random password of 32 hex digits.
secret() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# launch STATE NAME COMMAND...: starts a server in the background and remembers it under STATE/pids/NAME.
# The command must stay the same process (no forking into the background, no `sudo` around it).
launch() {
    local state=$1 name=$2
    shift 2
    mkdir -p "$state/pids" "$state/logs"
    setsid "$@" </dev/null >>"$state/logs/$name.log" 2>&1 &
    echo "$! $(process_born $!)" >"$state/pids/$name"
}

# The clock tick at which a process began: with the id it names one process for good, because ids are used again.
process_born() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# running STATE NAME: is the process remembered under that name still the one that was started?
running() {
    local pid born
    read -r pid born 2>/dev/null <"$1/pids/$2" && [ -n "$born" ] && [ "$(process_born "$pid")" = "$born" ]
}

# stop STATE NAME [SIGNAL]: asks the process to end, insists after ten seconds, and returns when it is gone.
stop() {
    local state=$1 name=$2 signal=${3:-TERM} pid
    if running "$state" "$name"; then
        pid=$(cut -d' ' -f1 "$state/pids/$name")
        kill -s "$signal" "$pid"
        wait_until 10 gone "$state" "$name" || kill -s KILL "$pid"
        wait_until 10 gone "$state" "$name" || say "$name (process $pid) does not end"
    fi
    rm -f "$state/pids/$name"
}

gone() { ! running "$@"; }

# wait_until SECONDS COMMAND...: asks ten times a second; fails when the time is over.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# Does something on this port speak HTTP? A refusal is an answer too.
answers() {
    python3 -c 'import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=2)
connection.request("GET", "/")
connection.getresponse()' "$1"
}

# ready STATE NAME SECONDS COMMAND...: waits until a started server answers; shows the end of its log when it does not.
ready() {
    local state=$1 name=$2 seconds=$3
    shift 3
    wait_until "$seconds" "$@" && return 0
    say "$name does not answer after $seconds s; the end of its log:"
    tail -n 20 "$state/logs/$name.log" >&2
    return 1
}
