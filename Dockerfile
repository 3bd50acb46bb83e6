FROM python:3.12-slim

# "cpu" keeps the image small; "cu128" and the like take PyTorch's CUDA build:
#   docker build --build-arg TORCH_VARIANT=cu128 -t sde-explorer .
#   docker run --gpus all -p 127.0.0.1:8501:8501 sde-explorer --one-user
ARG TORCH_VARIANT=cpu

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    SDE_CACHE=/home/sde/cache

WORKDIR /srv/sde-explorer

# Layers from the slowest to change to the fastest: PyTorch, the other packages, the code.
RUN pip install "torch>=2.6,<3" "torchvision<1" --index-url "https://download.pytorch.org/whl/${TORCH_VARIANT}"

COPY pyproject.toml requirements.txt README.md LICENSE ./
RUN mkdir -p sde_core app/sde_explorer \
    && touch sde_core/__init__.py app/sde_explorer/__init__.py \
    && pip install -r requirements.txt

COPY . .

RUN useradd --create-home --uid 10001 sde \
    && mkdir -p "${SDE_CACHE}" /data \
    && chown sde:sde "${SDE_CACHE}"
USER 10001
VOLUME /home/sde/cache

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]

# What a container listens on is reached by nobody until a port is published; paths lead below /data only.
# More options of `sde app` stand behind the image's name: --one-user, --demo, --host NAME. See docs/deploy.md.
ENTRYPOINT ["sde", "app", "--address", "0.0.0.0", "--port", "8501", "--no-browser", "--root", "/data"]
