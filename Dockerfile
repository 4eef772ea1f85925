FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements/build.txt requirements/server.txt requirements/
RUN python -m venv /opt/strongroom \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
    && /opt/strongroom/bin/pip install --no-cache-dir --compile --require-hashes -r requirements/server.txt
COPY LICENSE README.md pyproject.toml ./
COPY src src
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/strongroom/bin/pip install --no-cache-dir --compile --no-deps /wheels/*.whl \
    && /opt/strongroom/bin/pip uninstall --yes --quiet pip setuptools

FROM python:3.11-slim
RUN useradd --system --uid 8600 --home-dir /data --shell /usr/sbin/nologin strongroom \
    && install --directory --owner=strongroom --group=strongroom --mode=0750 /data
COPY --from=build /opt/strongroom /opt/strongroom
ENV PATH=/opt/strongroom/bin:$PATH PYTHONUNBUFFERED=1
USER strongroom
WORKDIR /data
VOLUME /data
EXPOSE 8600
# Outside a container the server listens on 127.0.0.1 only; in here the container's own network is the wall.
ENTRYPOINT ["strongroom"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8600", "--data", "/data"]
