#!/bin/sh
# A Docker engine and a base image, for a machine that has neither and reaches no registry of images: both from Debian's
# packages, as root. Prints the base's name, for BASE_IMAGE of build.sh. The engine goes on running.
# Ends with 3 where this machine or this user can't run one.
set -eu
base=archloom/python-base:bookworm
docker=${DOCKER:-docker}

cannot() {
    echo "$1"
    exit 3
}

install() {
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends docker.io debootstrap
}

start() {
    setsid nohup dockerd >/var/log/dockerd.log 2>&1 </dev/null &
    for _ in $(seq 60); do
        if "$docker" info; then return; fi
        if ! kill -0 $!; then break; fi
        sleep 1
    done
    tail -n 20 /var/log/dockerd.log
    cannot "The Docker engine doesn't start on this machine."
}

make_base() {
    root=$(mktemp -d)
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv bookworm "$root"
    tar --directory="$root" --create . | "$docker" import - "$base"
    rm -rf "$root"
}

# No `||` here: it would make a function go on after a command of it that failed.
{
    if [ "$(id -u)" != 0 ]; then cannot "Installing and starting a Docker engine needs root."; fi
    if ! command -v dockerd || ! command -v "$docker" || ! command -v debootstrap; then
        if ! command -v apt-get; then cannot "A Docker engine is installed from Debian's packages only."; fi
        install
    fi
    if ! "$docker" info; then start; fi
    if ! "$docker" image inspect "$base"; then make_base; fi
    if ! "$docker" run --rm "$base" true; then cannot "The Docker engine can't run a container on this machine."; fi
} >&2
echo "$base"
