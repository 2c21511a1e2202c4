# Three images of one recipe: `production` is the bot and nothing else, `simulator` is what developers put around it.
#   docker build --target production -t vimbisopay .
# The scheduled rebuild fetches what is behind the tag anew, so that patches of Debian and Python come in.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/venv/bin:$PATH


# What is pinned is installed apart from the sources: a change of a source does not install all of it again.
FROM base AS libraries
COPY service.lock /tmp/
RUN python -m venv /opt/venv \
    && python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/service.lock \
    && python -m compileall -q /opt/venv


FROM libraries AS simulator-libraries
COPY replay.lock /tmp/
RUN python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/replay.lock


FROM base AS runtime
# One number for the process, its files and the network file systems of a deployment.
RUN groupadd --gid 10001 vimbisopay \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin vimbisopay
WORKDIR /app
ENV HOST=0.0.0.0
STOPSIGNAL SIGTERM


FROM runtime AS simulator
# Where its state is kept, for a volume to take over with its owner.
RUN install --directory --owner=10001 --group=10001 /data
COPY --from=simulator-libraries /opt/venv /opt/venv
COPY service/ service/
COPY simulator/ simulator/
USER 10001:10001
EXPOSE 8001
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=5 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8001/control/health', timeout=2)"]
CMD ["python", "-m", "simulator", "serve", "--host", "0.0.0.0", "--port", "8001", "--bot", "http://app:8000"]


FROM runtime AS production
COPY --from=libraries /opt/venv /opt/venv
COPY service/ service/
# What it was made of; shown by /health/ and in the logs.
ARG RELEASE=unknown
ENV RELEASE=$RELEASE \
    PORT=8000 \
    DJANGO_ENV=production
# The root file system is read-only. A volume of Fargate takes owner and mode from here: else it is root's alone.
VOLUME ["/tmp"]
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/', timeout=3)"]
CMD ["python", "-m", "service"]
