#!/bin/sh
# Makes .venv and installs into it, with a line per step; at once and silent when all is there.
# Usage, from the clone's folder: scripts/environment.sh base|dev
# PYTHON names the Python to make it with; without it, the first one found that is new enough.
set -eu
want=$1
here=$(pwd -P)
python=.venv/bin/python
packages=.venv/lib/python*/site-packages

say() { echo "$*" >&2; }

stop() {
    say "error: $1"
    shift
    for line; do say "    $line"; done
    exit 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# A file per level, written when it is installed, says for which folder: scripts in .venv name it.
installed() {
    [ -f ".venv/.$1" ] || return 1
    [ pyproject.toml -nt ".venv/.$1" ] || [ constraints.txt -nt ".venv/.$1" ] && return 1
    [ -x .venv/bin/understudy ]
}

moved() {
    for mark in .venv/.base .venv/.dev; do
        [ ! -s "$mark" ] || [ "$(cat "$mark")" = "$here" ] || return 0
    done
    return 1
}

# Half made (no pip yet), moved, or made with a Python that is gone: it is made anew.
sound() {
    new_enough "$python" && ! moved && ls $packages/pip/__main__.py >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" || stop "PYTHON=$PYTHON is no Python 3.11 or newer." \
            "Name another one: make PYTHON=/path/to/python3.12"
        return
    fi
    for PYTHON in python3 python3.14 python3.13 python3.12 python3.11; do
        new_enough "$PYTHON" && return
    done
    stop "Understudy needs Python 3.11 or newer. On Debian or Ubuntu:" \
        "sudo apt-get install python3 python3-venv" \
        "or name another one: make PYTHON=/path/to/python3.12"
}

make_environment() {
    find_python
    if [ -e .venv ] || [ -L .venv ]; then
        say "making .venv anew with $PYTHON: the one that was here is incomplete or was moved"
        rm -rf .venv
    else
        say "making .venv with $PYTHON"
    fi
    "$PYTHON" -m venv .venv >&2 || {
        rm -rf .venv
        stop "$PYTHON cannot make a virtual environment. On Debian or Ubuntu:" \
            "sudo apt-get install python3-venv"
    }
}

pip() {
    "$python" -m pip --disable-pip-version-check "$@" >&2 || {
        rm -f .venv/.base .venv/.dev
        stop "pip could not do this; its own words are above." \
            "Is this machine online (behind a proxy, is HTTPS_PROXY set), and is there space?" \
            "Then run make again: it goes on with what is there, and make clean begins anew."
    }
}

install() { pip install -qq --constraint constraints.txt "$@"; }

# Under this name lies what an index has there, which isn't ours, or what we were called before.
remove_namesake() {
    ls -d $packages/understudy-[0-9]*.dist-info >/dev/null 2>&1 || return 0
    say "removing the package understudy from .venv: ours is called understudy-live"
    pip uninstall -qq --yes understudy
}

sound || make_environment
installed "$want" && exit 0
remove_namesake
if [ "$want" = dev ]; then
    # First and by its exact version: asked for later, by a range, pip may fetch another build.
    say "installing PyTorch into .venv (some minutes)"
    install torch==2.13.0
    say "installing what development and tests need into .venv (some minutes)"
    install --editable '.[dev]'
    echo "$here" >.venv/.dev
else
    say "installing numpy, OpenCV, OpenVINO, FFmpeg and others into .venv (190 MB, about a minute)"
    install --editable .
fi
echo "$here" >.venv/.base
