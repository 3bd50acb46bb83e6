"""The model and data hub's client, kept from waiting for a hub that does not answer."""

import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def hub_answers(timeout_s: float = 3.0) -> bool:
    """Return whether the hub can be reached; behind a proxy the answer is left to the client."""
    from huggingface_hub import constants

    url = urlsplit(constants.ENDPOINT)
    if {url.scheme, "all"} & set(getproxies()) and not proxy_bypass(url.netloc):
        return True
    try:
        socket.create_connection((url.hostname, url.port or 443), timeout=timeout_s).close()
    except OSError:
        return False
    return True


@contextmanager
def offline_when_unreachable(needs_hub: bool = True) -> Iterator[None]:
    """Have the hub's clients go to their cache at once, instead of after half a minute of retries."""
    from huggingface_hub import constants

    # `datasets` copies the switch when it is imported.
    places = [vars(m) for m in (constants, sys.modules.get("datasets.config")) if m is not None]
    before = [place["HF_HUB_OFFLINE"] for place in places]
    offline = any(before) or (needs_hub and not hub_answers())
    try:
        for place in places:
            place["HF_HUB_OFFLINE"] = offline
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place["HF_HUB_OFFLINE"] = value


@contextmanager
def quiet_bars() -> Iterator[None]:
    """Keep a notebook from warning that bars could look better, which tqdm does where it is first imported."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        yield
