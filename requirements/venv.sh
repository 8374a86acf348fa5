#!/bin/sh
# Makes .venv and installs the package (editable) with what is pinned in requirements/NAME.txt.
#
#   sh requirements/venv.sh core    what running the package needs
#   sh requirements/venv.sh shop    that and what examples/shop needs
#   sh requirements/venv.sh dev     that and all the tools
#   sh requirements/venv.sh docs    that and what builds the documentation's site
#   sh requirements/venv.sh release the same as dev, and what checks a release
#   sh requirements/venv.sh bench   the same as dev, and what the benchmarks measure beside it
#
# PYTHON=/some/python chooses the interpreter. Where all is set up for the files' present content, returns at once.
set -eu

name=$1
cd "$(dirname "$0")/.."

fail() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

is_new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

# An environment can't be moved, its interpreter may be gone since, and PYTHON may name another one than it was made with.
is_usable() {
    [ "$(cat .venv/.place 2>/dev/null)" = "$(pwd)" ] &&
        .venv/bin/python -c "$is_new_enough" 2>/dev/null &&
        { [ -z "${PYTHON:-}" ] || [ "$("$PYTHON" --version 2>&1)" = "$(.venv/bin/python --version 2>&1)" ]; }
}

stamp() {
    printf '.venv/.has-%s-%s' "$1" "$(cat pyproject.toml wechatpay_chain/_version.py "requirements/$1.txt" | cksum | tr -d ' ')"
}

choose_python() {
    python= without_venv= too_old=
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3.14 python3.13 python3.12 python3.11 python3 python
    fi
    for candidate; do
        # A name on PATH may be a shim for a version that isn't installed: only what runs counts.
        "$candidate" -c '' 2>/dev/null || continue
        if ! "$candidate" -c "$is_new_enough" 2>/dev/null; then
            too_old=$candidate
        elif ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            without_venv=${without_venv:-$candidate}
        else
            python=$candidate
            return
        fi
    done
    if [ -n "$without_venv" ]; then
        package=$("$without_venv" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        fail "$without_venv cannot make a virtual environment: its modules venv and ensurepip are missing.
Debian and Ubuntu ship them in a package of their own. Install it and repeat:
    sudo apt-get install $package"
    elif [ -n "$too_old" ]; then
        fail "wechatpay_chain needs Python 3.11 or newer, and $too_old is $("$too_old" --version 2>&1).
Install a newer one beside it and repeat, or name one: make PYTHON=python3.12 ..."
    fi
    fail "wechatpay_chain needs Python 3.11 or newer, and there is none${PYTHON:+ called $PYTHON} on PATH.
Install one and repeat, or name one: make PYTHON=python3.12 ..."
}

# docs, release and bench hold all of dev, dev all of shop, and shop all of core: a checkout that has the larger one has
# the smaller ones.
case $name in
core) enough="core shop dev docs release bench" ;;
shop) enough="shop dev docs release bench" ;;
dev) enough="dev docs release bench" ;;
*) enough=$name ;;
esac
if is_usable; then
    for one in $enough; do
        if [ -e "$(stamp "$one")" ]; then exit 0; fi
    done
fi
if ! is_usable; then
    choose_python
    echo "Making .venv with $("$python" --version)" >&2
    "$python" -m venv --clear .venv
    pwd > .venv/.place
fi
echo "Installing the packages pinned in requirements/$name.txt" >&2
rm -f .venv/.has-*
# Each package comes pinned and with its hash, the build backend too: nothing is left to resolve or to isolate.
pip() {
    .venv/bin/python -m pip --quiet --no-input --disable-pip-version-check "$@"
}
pip install --require-hashes --requirement "requirements/$name.txt" ||
    fail "Not all packages pinned in requirements/$name.txt could be installed; the reason stands above.
When it is the network or the package index, repeat once that is reachable."
pip install --no-deps --no-build-isolation --editable .
: > "$(stamp "$name")"
