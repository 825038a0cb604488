# The steps of README.md, in an image that holds no key and works as a user without rights:
#   docker build -t harness .
#   docker run --rm -v "$PWD:/work" -u "$(id -u):$(id -g)" -e SUB2API_API_KEY harness run --quick ...
FROM python:3.13-slim-bookworm

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

WORKDIR /opt/harness
COPY requirements.lock ./
RUN python3 -m venv .venv
RUN .venv/bin/python -m pip install --no-deps --require-hashes -r requirements.lock
COPY LICENSE README.md build_samples.py pyproject.toml ./
COPY cassettes ./cassettes
COPY harness ./harness
RUN .venv/bin/python -m pip install --no-deps --no-build-isolation -e .
RUN .venv/bin/python -m pip check

WORKDIR /work
RUN chown 10001:10001 /work
USER 10001:10001
ENV HOME=/tmp
ENTRYPOINT ["/opt/harness/.venv/bin/harness"]
CMD ["--help"]
