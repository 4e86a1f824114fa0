# archloom on NVIDIA GPUs: TensorFlow with CUDA's libraries from PyPI; the driver comes from the node.
# Build it by `images/build.sh gpu`.
# Layers, from what changes rarely to what changes with each commit: CUDA, TensorFlow, the other packages, archloom.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS dependencies
ARG PIP_INDEX_URL
COPY images/install.sh images/gpu.lock /build/
RUN --mount=type=secret,id=ca.pem /build/install.sh locked /build/gpu.lock

FROM dependencies AS package
WORKDIR /source
COPY . .
RUN /build/install.sh package

FROM ${BASE_IMAGE}
RUN useradd --uid 10001 --user-group --home-dir /tmp --no-create-home --shell /usr/sbin/nologin archloom
COPY --from=dependencies /layers/cudnn /
COPY --from=dependencies /layers/cublas /
COPY --from=dependencies /layers/nvidia /
COPY --from=dependencies /layers/tensorflow /
COPY --from=dependencies /layers/packages /
COPY --from=package /layers/archloom /
ENV PATH=/opt/archloom/bin:$PATH \
    HOME=/tmp \
    LD_LIBRARY_PATH=/usr/local/nvidia/lib64 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
ARG COMMIT
LABEL org.opencontainers.image.title="archloom" \
      org.opencontainers.image.revision="${COMMIT}"
USER 10001:10001
WORKDIR /tmp
CMD ["archloom", "--help"]
