#!/bin/sh
# Steps of the images' builds.
#   install.sh locked LOCK    makes the environment of exactly what the lock lists, with its large parts in /large
#   install.sh package        installs archloom from the current folder, under /package
# The same input gives the same bytes, dates included, so that a layer built again is not pulled again.
set -eu

ENVIRONMENT=/opt/archloom
PIP="$ENVIRONMENT/bin/python -m pip --no-cache-dir --disable-pip-version-check"

# Compiled files that don't ask for their source's date: it is set to a fixed one, and nothing can be compiled later.
settle() {
    "$ENVIRONMENT/bin/python" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$1"
    find "$1" -exec touch --no-dereference --date=@0 {} +
}

locked() {
    [ ! -f /run/secrets/ca.pem ] || export PIP_CERT=/run/secrets/ca.pem
    python3 -m venv "$ENVIRONMENT"
    # Packages that come as source are built by the locked setuptools, which is therefore installed first.
    sed -n '/^setuptools==/,/[^\\]$/p' "$1" >/build/setuptools.lock
    $PIP install --quiet --no-compile --require-hashes --requirement /build/setuptools.lock
    $PIP install --quiet --no-compile --require-hashes --no-build-isolation --use-pep517 --requirement "$1"
    rm -rf "$ENVIRONMENT"/lib/python3.*/site-packages/tensorflow/include # C++ headers, needed by nothing that runs
    settle "$ENVIRONMENT"
    cd "$ENVIRONMENT"/lib/python3.*/site-packages
    mkdir /large
    for part in tensorflow libtpu nvidia/cudnn nvidia/cublas nvidia; do
        [ ! -d "$part" ] || mv "$part" "/large/$(basename "$part")"
    done
}

package() {
    export SOURCE_DATE_EPOCH=315532800 # 1980, the first year that a wheel can hold
    $PIP install --quiet --no-compile --no-deps --no-build-isolation --no-index --prefix /package .
    settle /package
}

"$@"
