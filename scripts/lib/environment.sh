# What the tests are told about the servers, as lines of a shell script. The names are documented in scripts/README.md.

# store STATE NAME ENDPOINT REGION ACCESS_KEY SECRET_KEY: notes a running store for the tests.
store() {
    mkdir -p "$1/stores"
    printf '{"name":"%s","endpoint":"%s","region":"%s","access_key":"%s","secret_key":"%s","path_style":true}\n' \
        "$2" "$3" "$4" "$5" "$6" >"$1/stores/$2"
}

# environment STATE: writes STATE/stores.json and prints the lines to export.
environment() {
    local state=$1
    if [ -d "$state/stores" ]; then
        printf '[%s]\n' "$(cat "$state"/stores/* | paste -sd ,)" >"$state/stores.json"
        echo "export HANDIN_TEST_STORES='$state/stores.json'"
    fi
    [ ! -f "$state/postgres.url" ] || echo "export HANDIN_TEST_POSTGRES='$(cat "$state/postgres.url")'"
    [ -z "${python:-}" ] || echo "export HANDIN_TEST_PYTHON='$python'"
    ! has chromium || echo "export HANDIN_TEST_CHROMIUM='$(command -v chromium)'"
}
