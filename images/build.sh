#!/bin/sh
# Builds the image of the last commit, tagged with it: images/build.sh cpu|gpu|tpu [options of `docker build`]
# What isn't committed is not in it. From the environment:
#   BASE_IMAGE      what it stands on; default python:3.11-slim-bookworm
#   IMAGE_NAME      name without tag; default archloom/python-tensorflow
#   PIP_CERT        certificates to trust while packages are fetched; default this machine's. They don't get into the image
#   PIP_INDEX_URL   where packages are fetched from
#   DOCKER          the client, which must have BuildKit; default docker
set -eu
cd "$(dirname "$0")/.."

variant=${1:-}
commit=$(git rev-parse --short=12 HEAD)
case $variant in
    cpu) tag=$commit ;;
    gpu | tpu) tag=$commit-$variant ;;
    *)
        echo "\`variant\` must be cpu, gpu or tpu. Received: '$variant'." >&2
        exit 2
        ;;
esac
shift
image=${IMAGE_NAME:-archloom/python-tensorflow}:$tag

[ -z "${BASE_IMAGE:-}" ] || set -- --build-arg BASE_IMAGE "$@"
[ -z "${PIP_INDEX_URL:-}" ] || set -- --build-arg PIP_INDEX_URL "$@"
certificates=${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}
[ ! -f "$certificates" ] || set -- --secret "id=ca.pem,src=$certificates" "$@"

git archive HEAD pyproject.toml components pipelines images |
    DOCKER_BUILDKIT=1 "${DOCKER:-docker}" build --file "images/$variant.Dockerfile" --tag "$image" \
        --build-arg COMMIT="$commit" "$@" -
echo "$image"
