"""A million pairs on one machine: seconds and memory of opening, `sde spectrum`, `sde report` and `sde compress`.

``python -m benchmarks.large_set`` writes a folder as clip-retrieval does (parts of embeddings and of metadata) and
the same set as `EmbeddingSet.save` does, both generated and seeded, and runs each command on each in a process of its
own, whose largest resident memory is printed beside its seconds. `compress` fits to 20,000 other pairs of the same
directions, and asks with a thousand texts and images, each among the million.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

_OPEN = "import sys; from sde_core import open_embeddings; open_embeddings(sys.argv[1])"
_NOTHING = "import sde_core; sde_core.open_embeddings, sde_core.compute_spectrum"


def write_clip_retrieval(
    folder: str | Path, n_rows: int, width: int, n_parts: int, repeated: float, seed: int = 0
) -> Path:
    """Write a folder as clip-retrieval does: unit float16 vectors, captions, paths and similarities.

    Args:
        folder: to write to.
        n_rows: pairs.
        width: of the vectors.
        n_parts: files of each kind.
        repeated: share of captions that are one of a hundred, with the vector of that caption.
        seed: of the rows; directions are those of every seed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder, rng = Path(folder), np.random.default_rng(0)
    basis = (
        rng.standard_normal((40, width), dtype=np.float32) * np.linspace(3, 1, 40, dtype=np.float32)[:, None]
    )
    cones = rng.standard_normal((2, width), dtype=np.float32) * 3
    common = _unit(rng.standard_normal((100, width), dtype=np.float32)).astype(np.float16)
    rng = np.random.default_rng((0, seed)) if seed else rng
    for name in ("img_emb", "text_emb", "metadata"):
        (folder / name).mkdir(parents=True)
    edges = np.linspace(0, n_rows, n_parts + 1).astype(int)
    for part, (start, end) in enumerate(itertools.pairwise(edges)):
        shared = rng.standard_normal((end - start, 40), dtype=np.float32) @ basis
        image, text = (
            _unit(shared + 4 * rng.standard_normal(shared.shape, dtype=np.float32) + cone).astype(np.float16)
            for cone in cones
        )
        same = np.where(rng.random(len(text)) < repeated, rng.integers(0, 100, len(text)), -1)
        text[same >= 0] = common[same[same >= 0]]
        names = [
            f"stock photo {s}" if s >= 0 else f"item {i} of the set, a photo with {i % 97} things in it"
            for i, s in zip(range(start, end), same.tolist(), strict=True)
        ]
        paths = [f"/data/{i // 10_000:05d}/{i:09d}.jpg" for i in range(start, end)]
        score = np.einsum("ij,ij->i", image, text, dtype=np.float32)
        np.save(folder / "img_emb" / f"img_emb_{part}.npy", image)
        np.save(folder / "text_emb" / f"text_emb_{part}.npy", text)
        table = pa.table({"image_path": paths, "caption": names, "similarity": score})
        pq.write_table(table, folder / "metadata" / f"metadata_{part}.parquet")
    return folder


def main() -> None:
    """Print one row a command and format."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_set", description=__doc__)
    parser.add_argument("--pairs", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument("--width", type=int, default=512, help="default: %(default)s")
    parser.add_argument("--parts", type=int, default=1, help="files of each kind; default: %(default)s")
    parser.add_argument("--repeated", type=float, default=0.0, help="share of captions that are not alone")
    parser.add_argument("--folder", type=Path, help="keep the sets here, and use them if they are here")
    parser.add_argument("--sets", nargs="*", default=["clip-retrieval", "saved"], help="which formats")
    parser.add_argument(
        "--queries", type=int, default=1_000, help="of compress, each way; default: %(default)s"
    )
    parser.add_argument("--only", nargs="*", default=["open", "spectrum", "report", "compress"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = options.folder or Path(scratch)
        sets = _sets(place, options)
        print(
            f"{options.pairs:,} pairs x {options.width}, float16, {options.parts} parts, {os.cpu_count()} cores,"
        )
        print(f"load {os.getloadavg()[0]:.1f} at the start.\n")
        print("| work | set | wall, s | cpu, s | peak memory, MiB |\n|---|---|---:|---:|---:|")
        works = {
            "open": lambda path: ["-c", _OPEN, str(path)],
            "spectrum": lambda path: ["-m", "sde_core", "spectrum", str(path), "--quiet"],
            "report": lambda path: [
                "-m",
                "sde_core",
                "report",
                str(path),
                "--quiet",
                "--output",
                f"{scratch}/r.html",
            ],
            "compress": lambda path: [
                *("-m", "sde_core", "compress", str(path), "--fit-on", str(place / "reference"), "--quiet"),
                *("--queries", str(options.queries), "--axes", "own,pca", "--codes", "float32,int8,1bit"),
                *("--widths", f"{options.width},{options.width // 2}"),
            ],
        }
        print(f"| imports alone | | {_measured(['-c', _NOTHING])} |", flush=True)
        for work in options.only:
            for name, path in sets.items():
                print(f"| {work} | {name} | {_measured(works[work](path))} |", flush=True)


def _sets(place: Path, options: argparse.Namespace) -> dict[str, Path]:
    theirs, ours = place / "clip-retrieval", place / "saved"
    # In processes of their own: what a process has held at most counts for its children too.
    if not theirs.exists():
        given = (options.pairs, options.width, options.parts, options.repeated)
        code = f"from benchmarks.large_set import write_clip_retrieval as w; w({str(theirs)!r}, *{given})"
        subprocess.run([sys.executable, "-c", code], check=True)
    if "compress" in options.only and not (place / "reference").exists():
        given = (20_000, options.width, 1, 0.0, 1)
        code = f"from benchmarks.large_set import write_clip_retrieval as w; w({str(place / 'reference')!r}, *{given})"
        subprocess.run([sys.executable, "-c", code], check=True)
    if "saved" in options.sets and not ours.exists():
        code = f"from sde_core import open_embeddings; open_embeddings({str(theirs)!r}).save({str(ours)!r})"
        subprocess.run([sys.executable, "-c", code], check=True)
    return {
        name: path for name, path in (("clip-retrieval", theirs), ("saved", ours)) if name in options.sets
    }


def _measured(arguments: list[str]) -> str:
    """Return wall and processor seconds and MiB of one process, from what the system says of it."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return f"{wall:.1f} | {used.ru_utime + used.ru_stime:.1f} | {used.ru_maxrss / 1024:,.0f}"


def _unit(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    unit: npt.NDArray[np.float32] = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit


if __name__ == "__main__":
    main()
