#!/bin/sh
# Steps of the images' builds; what they leave is to be copied to / as it lies, each folder a layer.
#   install.sh locked LOCK    makes the environment of exactly what the lock lists: /layers/NAME of its large parts,
#                             /layers/packages of the rest
#   install.sh package        installs archloom from the current folder: /layers/archloom
# The same input gives the same bytes, dates included, so that a layer built again is not pulled again.
set -eu

ENVIRONMENT=/opt/archloom
PIP="$ENVIRONMENT/bin/python -m pip --no-cache-dir --disable-pip-version-check"

# Compiled files that don't ask for their source's date, which is set to a fixed one; later nothing can be compiled.
compile() {
    "$ENVIRONMENT/bin/python" -m compileall -q -f -j 0 --invalidation-mode unchecked-hash "$1"
}

layer() { # NAME PATH: moves the path into the layer
    mkdir -p "/layers/$1$(dirname "$2")"
    mv "$2" "/layers/$1$2"
}

set_dates() { # LAYERS: no other file, which would be copied from the layer below
    find "$1" -exec touch --no-dereference --date=@0 {} +
}

locked() {
    [ ! -f /run/secrets/ca.pem ] || export PIP_CERT=/run/secrets/ca.pem
    python3 -m venv "$ENVIRONMENT"
    # Packages that come as source are built by the locked setuptools, which is therefore installed first.
    sed -n '/^setuptools==/,/[^\\]$/p' "$1" >/build/setuptools.lock
    $PIP install --quiet --no-compile --require-hashes --requirement /build/setuptools.lock
    $PIP install --quiet --no-compile --require-hashes --no-build-isolation --use-pep517 --requirement "$1"
    site=$(echo "$ENVIRONMENT"/lib/python3.*/site-packages)
    rm -rf "$site/tensorflow/include" # C++ headers, needed by nothing that runs
    compile "$ENVIRONMENT"
    for part in tensorflow libtpu nvidia/cudnn nvidia/cublas nvidia; do
        [ ! -d "$site/$part" ] || layer "$(basename "$part")" "$site/$part"
    done
    layer packages "$ENVIRONMENT"
    set_dates /layers
}

package() {
    ln -s "/layers/packages$ENVIRONMENT" "$ENVIRONMENT"
    $PIP install --quiet --no-compile --no-deps --no-build-isolation --no-index --prefix "/layers/archloom$ENVIRONMENT" .
    compile "/layers/archloom$ENVIRONMENT"
    set_dates /layers/archloom
}

"$@"
