# What the steps of scripts/test do, one function for each that is more than one command.

install_all() { install_packages && install_python && install_versitygw && install_tools; }

# Waits for the installation under way and says what it said; then finds what is there, and tries once more what is not.
install_rest() {
    wait "$installing" || say "  trying again what failed"
    unset installing
    cat "$HANDIN_SERVERS/install.log"
    install_all
}

# Licences, sources, banned and unused dependencies. Advisories are asked for by `just audit`: their list comes over the
# network, and a new one must not turn an old commit red. What only other systems need no build has fetched.
audit() {
    cargo fetch --locked --quiet &&
        cargo deny --locked --offline check licenses bans sources &&
        cargo machete
}

# The time limits are for a test that hangs; nextest has its own for each test in .config/nextest.toml.
run_rust_tests() {
    # They wait for servers and for leases more than they compute.
    export RUST_TEST_THREADS=${RUST_TEST_THREADS:-4}
    if has cargo-nextest; then
        timeout 1500 cargo nextest run --workspace --locked --no-fail-fast && timeout 600 cargo test --workspace --locked --doc
    else
        timeout 1500 cargo test --workspace --locked --no-fail-fast
    fi
}

# The pages and the recorder: unit tests, and the browser tests against the real binary.
run_web_tests() {
    [ -f web/package.json ] || { echo "  left out: there is no web/package.json"; return 77; }
    (cd web && npm ci --no-audit --no-fund && npm test)
}

# The project's main job, as the README starts it but with the build that the tests have just used: three candidates, two
# tracks each, so six different keys must be in the proof.
run_demo() {
    local proof keys
    proof=$(timeout 300 "$HANDIN_TEST_BINARY" demo --once) || return 1
    printf '%s\n' "$proof"
    keys=$(grep -oE '(webcam|screen)/[0-9a-f]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2}/[^ "]+' <<<"$proof" | sort -u | wc -l)
    [ "$keys" -eq 6 ] || { say "  the demonstration shows $keys keys instead of 6"; return 1; }
}
