# Gets the programs that the tests need and that are missing: Debian packages, one Go program, one Python environment.
# It starts nothing. What is there already is left alone.

# Names of the release that the tests were measured with; a new one is a new folder in the cache.
versitygw_version=v1.8.0
cargo_deny_version=0.20.2
cargo_machete_version=0.9.2

# Debian packages of the programs that are missing, in one go.
install_packages() {
    local missing=()
    has ffmpeg && has ffprobe || missing+=(ffmpeg fonts-dejavu-core)
    has chromium || missing+=(chromium)
    has firefox-esr || missing+=(firefox-esr)
    # The pages are looked at in Korean too; without a font the pictures show boxes.
    has fc-list && [ -n "$(fc-list :lang=ko)" ] || missing+=(fontconfig fonts-noto-cjk)
    # Links of the data-centre experiment.
    has ip && has tc || missing+=(iproute2)
    [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
    [ -n "$(postgres_programs)" ] || missing+=(postgresql)
    has ceph-mon || missing+=(ceph-mon)
    has ceph-osd || missing+=(ceph-osd)
    has ceph || missing+=(ceph-common)
    has radosgw || missing+=(radosgw)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
}

# Some packages start a server on its usual port as soon as they are unpacked; a policy that says no keeps them still meanwhile.
# A subshell, so that the policy goes whatever happens.
apt_install() (
    policy=/usr/sbin/policy-rc.d sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    say "  installing $*"
    if [ ! -e "$policy" ]; then
        trap '"${sudo[@]}" rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
        "${sudo[@]}" chmod 755 "$policy"
    fi
    "${sudo[@]}" apt-get -qq update &&
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
)

# The Python environment, one folder for each content of requirements.txt. Its `aws` lies beside its `python`.
install_python() {
    local sum folder
    sum=$(sha256sum "$root/scripts/requirements.txt" | cut -c1-16)
    folder=$cache/python-$sum
    if [ ! -x "$folder/bin/aws" ]; then
        say "  making the Python environment"
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" install --quiet --requirement "$root/scripts/requirements.txt" || { rm -rf "$folder"; return 1; }
    fi
    python=$folder/bin/python
}

# The two programs that look at the dependencies, built once for each version; without optimising, as they run for a second.
install_tools() {
    local tool
    PATH=$PATH:$cache/tools/bin
    for tool in cargo-deny@$cargo_deny_version cargo-machete@$cargo_machete_version; do
        has "${tool%@*}" && continue
        say "  building $tool"
        env -u CARGO_TARGET_DIR -u RUSTC_WORKSPACE_WRAPPER cargo install --quiet --locked --debug --root "$cache/tools" "$tool" || return 1
    done
}

# versitygw, built once for each version.
install_versitygw() {
    versitygw=$cache/versitygw-$versitygw_version/versitygw
    [ -x "$versitygw" ] && return 0
    has go || PATH=$PATH:/usr/local/go/bin
    has go || { say "  Go (1.25 or newer) is needed to build versitygw"; return 1; }
    say "  building versitygw $versitygw_version (some minutes, once)"
    GOFLAGS='' GOBIN=$(dirname "$versitygw") go install -trimpath -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@$versitygw_version" 2>"$cache/versitygw.log" ||
        { tail -n 20 "$cache/versitygw.log" >&2; return 1; }
}
