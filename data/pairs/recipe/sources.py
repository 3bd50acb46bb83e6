"""The packages: names, versions, and how to fetch them with the ordinary clients."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

NPM = {
    "@iconify-json/noto": "1.2.9",
    "@iconify-json/twemoji": "1.2.5",
    "@lobehub/fluent-emoji-3d": "1.1.0",
    "emojibase-data": "17.0.0",
}
DEBIAN = ("openclipart-png", "openclipart-svg")


def fetch_npm(work: Path, packages: Mapping[str, str] = NPM) -> Path:
    """Return the `node_modules` folder with some packages, by name and version, installed if they are not there."""
    modules = work / "npm" / "node_modules"
    if not all((modules / name).is_dir() for name in packages):
        modules.parent.mkdir(parents=True, exist_ok=True)
        wanted = [f"{name}@{version}" for name, version in packages.items()]
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", *wanted], cwd=modules.parent, check=True)
    return modules


def fetch_clipart(work: Path) -> Path:
    """Return the unpacked `usr/share/openclipart` folder, downloaded if it is not there."""
    return fetch_debian(work, DEBIAN, "openclipart")


def fetch_debian(work: Path, packages: Sequence[str], share: str) -> Path:
    """Return the folder `usr/share/SHARE` of some packages, downloaded and unpacked if it is not there."""
    unpacked = work / "debs" / "x"
    folder = unpacked / "usr" / "share" / share
    if not folder.is_dir():
        unpacked.mkdir(parents=True, exist_ok=True)
        for name in packages:
            if not any(unpacked.parent.glob(f"{name}_*.deb")):
                subprocess.run(["apt-get", "download", name], cwd=unpacked.parent, check=True)
            for package in unpacked.parent.glob(f"{name}_*.deb"):
                subprocess.run(["dpkg", "-x", package, unpacked], check=True)
    return folder
