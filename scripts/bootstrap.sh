#!/usr/bin/env bash
# bootstrap.sh [EXTRA]: make .venv in the checkout and install ms-dnn into it (editable), with EXTRA of pyproject.toml.
#
# Does nothing when that has been done: a stamp per extra in .venv remembers what it was installed from. Exit code 2 and one
# sentence on stderr when the machine is not fit. PYTHON=/path/to/python3.11 chooses the interpreter. The extras "test" and
# "docs" also want a browser, for the tests that open the HTML report and the site, and a C++ compiler, for those of the
# training operator: Debian's chromium and g++, by apt-get where that may be used.
set -euo pipefail

readonly versions="3.10, 3.11 or 3.12"
readonly needed_gb=6 # 3 for MindSpore and what it needs, 1 for the test extra, 2 for the download and pip's cache of it
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly root venv="$root/.venv" extra="${1:-}"
readonly log="$venv/install.log"

say() { printf '%s\n' "$*"; }
fail() {
    printf 'ms-dnn: %s\n' "$*" >&2
    exit 2
}

# Prints 3.11.7, or nothing: a pyenv shim is an executable that may stand for no Python at all.
version_of() { "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null </dev/null || true; }
in_range() { case "$1" in 3.10.* | 3.11.* | 3.12.*) true ;; *) false ;; esac; }
can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 </dev/null; }

# Sets $python to the first interpreter that fits: $PYTHON alone if given, else those on PATH.
find_python() {
    local candidate path version found="" without_venv="" cure="set PYTHON=/path/to/python3.11"
    local candidates=(python3 python3.12 python3.11 python3.10 python)
    if [[ -n "${PYTHON:-}" ]]; then
        candidates=("$PYTHON")
    fi
    for candidate in "${candidates[@]}"; do
        path=$(command -v "$candidate") || continue
        version=$(version_of "$path")
        if [[ -z "$version" ]]; then
            found+="${found:+, }$path that does not run"
        elif ! in_range "$version"; then
            found+="${found:+, }Python $version ($path)"
        elif ! can_make_venv "$path"; then
            without_venv=${without_venv:-$version ($path)}
        else
            python=$path
            return
        fi
    done
    if [[ -n "$without_venv" ]]; then
        fail "Python $without_venv has no venv and ensurepip modules: install them (Debian, Ubuntu:" \
            "apt-get install python3-venv), or $cure"
    fi
    if [[ -n "${PYTHON:-}" ]]; then
        fail "PYTHON=$PYTHON is ${found:-no executable}, ms-dnn needs Python $versions"
    fi
    fail "found ${found:-no Python on PATH}, ms-dnn needs Python $versions: install one, or $cure"
}

check_platform() {
    local platform
    platform="$(uname -s) $(uname -m)"
    case "$platform" in
        "Linux x86_64" | "Linux aarch64" | "Darwin arm64" | "Darwin x86_64") ;;
        MINGW* | MSYS* | CYGWIN*)
            fail "this machine is $platform, where this script, which is for Linux and macOS, does not work: install by" \
                "hand, python -m venv .venv and .venv/Scripts/pip install ."
            ;;
        *)
            fail "this machine is $platform, ms-dnn runs where MindSpore has wheels: Linux x86_64 and aarch64, macOS" \
                "arm64 and x86_64, Windows"
            ;;
    esac
}

check_disk() {
    local free_kb
    free_kb=$(df -Pk "$root" 2>/dev/null | awk 'NR == 2 { print $4 }')
    case "$free_kb" in "" | *[!0-9]*) return ;; esac # a file system that cannot say is not a reason to stop
    if ((free_kb < needed_gb * 1024 * 1024)); then
        fail "only $((free_kb / 1024)) MB free below $root, the installation needs $needed_gb GB"
    fi
}

# What an installation depends on. The path is part of it: a moved .venv still points to where it was made.
key() {
    "$venv/bin/python" -c '
import hashlib, pathlib, sys
digest = hashlib.sha256(repr((sys.version_info[:2], sys.argv[1])).encode())
for name in ("pyproject.toml", "tests/constraints.txt"):
    digest.update(pathlib.Path(sys.argv[1], name).read_bytes())
print(digest.hexdigest())' "$root" 2>/dev/null </dev/null || true
}
stamp() { printf '%s' "$venv/installed-${1:-base}"; }
is_installed() {
    local current
    current=$(key)
    [[ -n "$current" && -x "$venv/bin/ms-dnn" && -f "$(stamp "$extra")" && "$(<"$(stamp "$extra")")" == "$current" ]]
}

# pip cut short while unpacking leaves packages that it later takes for whole.
unpacking_was_cut() { grep -q 'Installing collected packages: .*ms-dnn' "$log" 2>/dev/null; }

# A .venv that an installation can go on with: it runs, in range, as $PYTHON if given, here, with pip, nothing half unpacked.
venv_is_usable() {
    local version
    version=$(version_of "$venv/bin/python")
    in_range "$version" || return 1
    if [[ -n "${PYTHON:-}" && "${version%.*}" != "$(version_of "$PYTHON" | cut -d. -f1,2)" ]]; then
        return 1
    fi
    unpacking_was_cut && return 1
    if [[ -f "$venv/made-in" && "$(<"$venv/made-in")" != "$root" ]]; then
        return 1 # the scripts in bin/ name the old path
    fi
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 </dev/null
}

make_venv() {
    local python output
    find_python
    check_disk
    if [[ -e "$venv" || -L "$venv" ]]; then
        say "Remaking .venv: it is broken, was moved or has another Python …"
        rm -rf -- "$venv"
    fi
    trap 'rm -rf -- "$venv"' EXIT # half an environment is none
    output=$("$python" -m venv "$venv" 2>&1 </dev/null) ||
        fail "$python could not make $venv: $(last_line <<<"$output")"
    say "$root" >"$venv/made-in"
    trap - EXIT
}

last_line() { grep -v '^[[:space:]]*$' | tail -n 1; }
# The line that says most: pip's last error that is not about its own subprocesses, or whatever came last.
reason() {
    { { cat -- "$log" 2>/dev/null || true; printf '%s\n' "$1"; } | grep -o 'ERROR: .*' | grep -v 'subprocess' || cat <<<"$1"; } |
        last_line | sed 's/^ERROR: //'
}

said() { grep -q -i -E "$2" <<<"$1" || grep -q -i -E "$2" "$log" 2>/dev/null; }

explain_pip_failure() {
    local why
    why="pip: $(reason "$1") (log: $log)"
    if said "$1" 'no space left'; then
        fail "the disk is full. $why"
    elif said "$1" "$unreachable"; then
        fail "the package index could not be reached: check the network, or pip's settings for a proxy or a mirror. $why"
    fi
    fail "the installation failed. $why"
}
readonly unreachable='connection error|ConnectionError|connection broken|connection refused|failed to establish|'\
'ConnectTimeout|Read timed out|name resolution|network is unreachable|ProxyError|SSLError|'\
'requirement setuptools.*from versions: none' # every index has a setuptools: pip without retries says no more than this

install() {
    local output what="ms-dnn and MindSpore" size=" (about 1 GB to download, 3 GB on disk, once)" current
    if [[ -f "$(stamp)" ]]; then
        what="ms-dnn" size=""
    fi
    say "Installing $what${extra:+ with the $extra extra} into .venv$size …"
    rm -f -- "$log"
    output=$(
        cd -- "$root"
        export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore PIP_USER=0
        "$venv/bin/python" -m pip install -q --log "$log" -c tests/constraints.txt -e ".${extra:+[$extra]}" 2>&1 </dev/null
    ) || explain_pip_failure "$output"
    rm -f -- "$log"
    current=$(key)
    say "$current" >"$(stamp)"
    say "$current" >"$(stamp "$extra")"
}

# tests/reports/browser.py looks for the same.
has_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        command -v "$name" >/dev/null && return
    done
    return 1
}
# ms_dnn/operators/build.py looks for the same.
has_compiler() { command -v "${CXX:-c++}" >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null; }
lacks() { [[ "$extra" == test || "$extra" == docs ]] && ! "has_$1"; }

# As root, or by a sudo that asks for no password.
apt_get() {
    local command=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 "$@")
    if ((EUID != 0)); then
        command=(sudo -n "${command[@]}")
    fi
    "${command[@]}" 2>&1 </dev/null
}

# install_tool WHAT TESTS PACKAGE CURE. Without it those tests fail and all else works: that is said, and is no reason to
# stop.
install_tool() {
    local what=$1 tests=$2 package=$3 cure=$4 output="" why="this machine has no apt-get"
    if command -v apt-get >/dev/null; then
        say "Installing $package for the tests $tests (about 100 MB to download, once) …"
        # The second try is for lists of packages that are missing or old.
        output=$(apt_get install --no-install-recommends "$package" || { apt_get update &&
            apt_get install --no-install-recommends "$package"; }) || true
        "has_$what" && return
        why="apt-get: $(grep -E '^(E|sudo): ' <<<"$output" | last_line || last_line <<<"$output" || true)"
    fi
    printf 'ms-dnn: no %s for the tests %s, which will fail: install %s (%s)\n' "$what" "$tests" "$cure" "$why" >&2
}

# Two scripts started together must not install over each other; where flock is missing (macOS) they are trusted not to.
one_at_a_time() {
    command -v flock >/dev/null || return 0
    exec 9<"$root"
    flock --nonblock 9 && return
    say "Waiting for another installation into .venv …"
    flock 9
}

if [[ "${PYTHON:-}" == */* ]]; then
    directory=$(cd -- "$(dirname -- "$PYTHON")" 2>/dev/null && pwd) || fail "PYTHON=$PYTHON is in no folder"
    PYTHON="$directory/${PYTHON##*/}"
fi
if is_installed && { [[ -z "${PYTHON:-}" ]] || venv_is_usable; } && ! lacks browser && ! lacks compiler; then
    exit 0
fi
check_platform
one_at_a_time
venv_is_usable || make_venv
is_installed || install
if lacks browser; then
    install_tool browser "that open pages" chromium "chromium or Chrome"
fi
if lacks compiler; then
    install_tool compiler "of the training operator" g++ "g++ or clang++"
fi
