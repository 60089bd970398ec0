# `just` lists the recipes.

_default:
    @just --list --unsorted

# Formatting, lints and types: the quick look before a commit.
check: lint
    cargo fmt --all --check
    cargo check --workspace --all-targets --locked

# Everything, against real servers: what continuous integration runs.
test:
    scripts/test

# Only what needs no server outside the tests.
test-quick:
    scripts/test quick

# The real servers for development: just servers up, down or env.
servers *args:
    scripts/servers {{ args }}

# Format the sources.
fmt:
    cargo fmt --all

# Clippy, every warning an error.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Licences, advisories and unused dependencies; installs the two tools first.
audit:
    command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
    command -v cargo-machete >/dev/null || cargo install --locked cargo-machete
    cargo deny --locked check
    cargo machete

# Draw the sample recordings again (the same ffmpeg makes the same bytes).
samples:
    samples/make

# The whole way of three candidates' recordings; then it keeps serving.
demo *args:
    cargo run --release -- demo {{ args }}

# Speed and memory, side by side with others, and the bell: three quarters of an hour; --write puts it into docs/benchmarks.md, --quick takes minutes.
bench *args:
    bench/run {{ args }}

# Signing beside Companion, NestJS and FastAPI, installed as locked: --write puts the table into docs/benchmarks.md.
bench-peers *args:
    bench/run {{ args }} peers
