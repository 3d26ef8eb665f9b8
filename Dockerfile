# An image with the command `designer`, for laptops and for clusters that run containers.
#
#     docker build -t polymer-designer .
#     docker run --rm -v "$PWD:/work" polymer-designer run configs/quickstart.yaml
#
# For NVIDIA GPUs: docker build --build-arg EXTRAS=gpu ... and docker run --gpus all ...
ARG BASE=python:3.11-slim
FROM ${BASE}
ARG EXTRAS=postgres,parquet
WORKDIR /opt/polymer-designer
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY designer ./designer
COPY generators ./generators
COPY mdcore ./mdcore
COPY surrogates ./surrogates
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir -c constraints.txt ".[${EXTRAS}]" \
    && /opt/venv/bin/designer --version
COPY configs /opt/polymer-designer/configs
ENV PATH=/opt/venv/bin:$PATH
# Results belong to whoever owns the mounted folder: start the container with --user "$(id -u):$(id -g)" on a shared machine.
WORKDIR /work
ENTRYPOINT ["designer"]
