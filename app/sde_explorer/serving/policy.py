"""The rules of this server: who uses it, what may be read and written, how much may come in. No streamlit here.

`sde app` hands them over in the environment variable SDE_SERVER; `streamlit run` without it takes what the address
says: on this machine's own address one person works, on any other strangers may come.
"""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sde_core import ConfigError

ENVIRONMENT = "SDE_SERVER"
"""Name of the variable that holds the options of `sde app` as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a server allows; as it stands here, everything to one person.

    Attributes:
        one_user: whether all who come are one person, who sees every set and job of this server.
        roots: folders that paths may lead into; None is anywhere, () nowhere.
        read_only: whether nothing is encoded, uploaded, trained or kept.
        hub: whether data sets and encoders may be fetched by name.
        hosts: names, besides IP addresses and this machine's own, by which the server may be called; "*" is any.
        max_sessions: browser tabs that are connected at one time; 0 is any number.
        upload_mib: MiB that one session may have uploaded at one time.
        server_upload_mib: MiB that all uploads may take, in memory and again on the disk.
        upload_files: files that one session may have uploaded at one time.
    """

    one_user: bool = True
    roots: tuple[Path, ...] | None = None
    read_only: bool = False
    hub: bool = True
    hosts: tuple[str, ...] = ()
    max_sessions: int = 0
    upload_mib: int = 400
    server_upload_mib: int = 2_000
    upload_files: int = 2_000


_CURRENT = [Policy()]


def current() -> Policy:
    """Return the rules of this process."""
    return _CURRENT[0]


def install(policy: Policy) -> None:
    """Set the rules of this process, at its start."""
    _CURRENT[0] = policy


def is_loopback(address: str | None) -> bool:
    """Return whether only this machine reaches an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback(None)
    (True, True, False, False)
    """
    try:
        return address == "localhost" or ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def policy_from(environment: Mapping[str, str], address: str | None) -> Policy:
    """Return the rules that the environment names; what it leaves open follows from the address.

    Args:
        environment: of the process.
        address: that the server listens on; None is every one.

    Raises:
        ConfigError: SDE_SERVER is not what `sde app` writes.
    """
    local = is_loopback(address)
    default = Policy(one_user=local, roots=None if local else (), max_sessions=0 if local else 50)
    text = environment.get(ENVIRONMENT, "")
    if not text:
        return default
    try:
        given = json.loads(text)
        known = {f.name for f in fields(Policy)}
        if not isinstance(given, dict) or not set(given) <= known:
            raise ValueError(f"known are {', '.join(sorted(known))}")
        return Policy(**{f.name: _typed(f.name, given, getattr(default, f.name)) for f in fields(Policy)})
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{ENVIRONMENT} must be what `sde app` writes; {error}") from None


def _typed(name: str, given: Mapping[str, object], default: Any) -> Any:  # noqa: ANN401  (any field's)
    value = given.get(name)
    if value is None:
        return default
    if name in ("roots", "hosts"):
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise TypeError(f"{name} must be a list of texts")
        return tuple(Path(part).resolve() for part in value) if name == "roots" else tuple(value)
    kind = type(getattr(Policy(), name))
    if type(value) is not kind or (kind is int and int(str(value)) < 0):
        raise TypeError(f"{name} must be {'true or false' if kind is bool else 'a number from 0'}")
    return value
