# Steps of a run: each is announced with the time since the start, timed and remembered for the summary. A failed step does
# not end the run, because what comes after it is worth knowing too; what cannot work without it asks with `needs`.

results=()
failures=0
declare -A outcome

# step NAME COMMAND...: runs the command in this shell. 0 is passed, 77 is left out, everything else failed.
step() {
    local name=$1 begun=$SECONDS code=0
    shift
    announce "$name"
    "$@" || code=$?
    case $code in
        0) outcome[$name]=passed ;;
        77) outcome[$name]='left out' ;;
        *) outcome[$name]=failed; failures=$((failures + 1)) ;;
    esac
    remember "$name" "${outcome[$name]}" $((SECONDS - begun))
}

# needs NAME step OTHER COMMAND...: runs the other step only when the named one passed.
needs() {
    local name=$1
    shift
    if [ "${outcome[$name]:-}" = passed ]; then
        "$@"
    else
        announce "$2: not run, because $name failed"
        remember "$2" 'not run' 0
        failures=$((failures + 1))
    fi
}

announce() { printf '\n[%4d s] %s\n' "$SECONDS" "$*"; }

remember() { results+=("$(printf '  %-10s %-9s %5d s' "$1" "$2" "$3")"); }

summary() {
    announce summary
    [ ${#results[@]} -eq 0 ] || printf '%s\n' "${results[@]}"
    if [ "$failures" -eq 0 ]; then echo "  all passed in $SECONDS s"; else echo "  $failures FAILED in $SECONDS s"; fi
}
