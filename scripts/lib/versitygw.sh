# versitygw over a plain folder: a second real store, one that keeps the flexible checksums.

# versitygw_up STATE: starts it and notes it as a store.
versitygw_up() {
    local state=$1 port secret_key folder=$1/versitygw
    port=$(free_port)
    secret_key=$(secret)
    rm -rf "$folder"
    mkdir -p "$folder/data"
    launch "$state" versitygw "$versitygw" --port "127.0.0.1:$port" --region us-east-1 --access handin --secret "$secret_key" \
        --keep-alive --quiet posix $(versitygw_metadata "$folder") "$folder/data"
    ready "$state" versitygw 20 answers "$port" || return 1
    store "$state" versitygw "http://127.0.0.1:$port" us-east-1 handin "$secret_key"
}

# Metadata goes into extended attributes where the file system has them, and into files beside the data where not.
versitygw_metadata() {
    python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.handin", b"1")' "$1/data" 2>/dev/null && return
    mkdir -p "$1/metadata"
    printf -- '--sidecar %s' "$1/metadata"
}

versitygw_down() { stop "$1" versitygw; }
