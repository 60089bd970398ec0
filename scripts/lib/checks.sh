# What the steps of scripts/test do, one function for each that is more than one command.

install_all() { install_packages && install_python && install_versitygw; }

# Licences, advisories and unused dependencies. The tools take ten minutes to compile, so they are used where they are
# installed (`just audit` installs them) and left out, visibly, where not.
audit() {
    local missing=()
    has cargo-deny || missing+=(cargo-deny)
    has cargo-machete || missing+=(cargo-machete)
    if [ ${#missing[@]} -gt 0 ]; then
        echo "  left out: ${missing[*]} not installed; \`just audit\` installs and runs them"
        return 77
    fi
    cargo deny --locked check && cargo machete
}

# The time limits are for a test that hangs; nextest has its own for each test in .config/nextest.toml.
run_rust_tests() {
    if has cargo-nextest; then
        timeout 1500 cargo nextest run --workspace --locked --no-fail-fast && timeout 600 cargo test --workspace --locked --doc
    else
        timeout 1500 cargo test --workspace --locked --no-fail-fast
    fi
}

# The pages and the recorder: unit tests, and the browser tests against the real binary.
run_web_tests() {
    [ -f web/package.json ] || { echo "  left out: there is no web/package.json"; return 77; }
    export HANDIN_TEST_BINARY=${HANDIN_TEST_BINARY:-${CARGO_TARGET_DIR:-$root/target}/debug/handin}
    (cd web && npm ci --no-audit --no-fund && npm test)
}

# The project's main job as the README starts it, but with the build that the tests have just used.
run_demo() { timeout 300 cargo run --locked -- demo --once; }
