# The using half of kvae alone, without TensorFlow:
#   docker build --tag kvae .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" kvae generate -n 4
FROM python:3.11-slim
COPY . /src
WORKDIR /src
RUN pip install --no-cache-dir --no-deps --requirement requirements-lite.txt && rm -rf /src
WORKDIR /work
USER 1000:1000
ENTRYPOINT ["kvae"]
