"""The packages: names, versions, and how to fetch them with the ordinary clients."""

import subprocess
from pathlib import Path

NPM = {
    "@iconify-json/noto": "1.2.9",
    "@iconify-json/twemoji": "1.2.5",
    "@lobehub/fluent-emoji-3d": "1.1.0",
    "emojibase-data": "17.0.0",
}
DEBIAN = ("openclipart-png", "openclipart-svg")


def fetch_npm(work: Path) -> Path:
    """Return the `node_modules` folder with the packages of `NPM`, installed if they are not there."""
    modules = work / "npm" / "node_modules"
    if not all((modules / name).is_dir() for name in NPM):
        modules.parent.mkdir(parents=True, exist_ok=True)
        wanted = [f"{name}@{version}" for name, version in NPM.items()]
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", *wanted], cwd=modules.parent, check=True)
    return modules


def fetch_clipart(work: Path) -> Path:
    """Return the unpacked `usr/share/openclipart` folder, downloaded if it is not there."""
    unpacked = work / "debs" / "x"
    folder = unpacked / "usr" / "share" / "openclipart"
    if not folder.is_dir():
        unpacked.mkdir(parents=True, exist_ok=True)
        if not any(unpacked.parent.glob("openclipart-*.deb")):
            subprocess.run(["apt-get", "download", *DEBIAN], cwd=unpacked.parent, check=True)
        for package in sorted(unpacked.parent.glob("openclipart-*.deb")):
            subprocess.run(["dpkg", "-x", package, unpacked], check=True)
    return folder
