# versitygw over a plain folder: a second real store, one that keeps the flexible checksums.

# versitygw_up STATE: starts it and notes it as a store.
versitygw_up() {
    local state=$1 port secret_key folder=$1/versitygw
    port=$(free_port)
    secret_key=$(secret)
    mkdir -p "$folder/data"
    # The keys go by environment: a command line is for everybody to read.
    ROOT_ACCESS_KEY=handin ROOT_SECRET_KEY=$secret_key launch "$state" versitygw \
        "$versitygw" --port "127.0.0.1:$port" --region us-east-1 posix "$folder/data"
    ready "$state" versitygw 20 answers "$port" || return 1
    store "$state" versitygw "http://127.0.0.1:$port" us-east-1 handin "$secret_key"
}

versitygw_down() { stop "$1" versitygw; }

# Does something on this port speak HTTP? A refusal is an answer too.
answers() { python3 -c 'import http.client, sys; c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=2); c.request("GET", "/"); c.getresponse()' "$1"; }
