"""What the campaign of kills kills: kinds of work that write, how each is read after a kill, and its result."""

import hashlib
import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# All that a child needs is imported here, before it is forked, and computes nothing yet.
import open_clip  # noqa: F401
import torch  # noqa: F401
import transformers  # noqa: F401
from safetensors import safe_open

import sde_core as sde
from sde_core.cli import main as cli
from sde_core.encoding import blocks
from sde_core.files.bundled import embeddings_folder
from sde_core.training import FinetuneConfig
from sde_core.training.checkpoint import read_checkpoint
from sde_explorer.intake.uploads import Upload, put_away
from sde_explorer.jobs import encoding_job
from sde_explorer.jobs.outside import workers
from sde_explorer.training.job import training_job
from sde_explorer.training.runs import REQUEST, TrainingRequest, read_request, write_request

PAIRS = "clipart/val"
"""What is encoded."""

Look = tuple[int, int]
"""How many files or folders were read whole, and how many resumable parts lie beside them."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work; its functions take the folder that it writes to.

    Attributes:
        title: in words.
        work: writes there, and goes on from what is there.
        look: reads everything that lies there; raises where something is neither whole nor absent.
        result: what comes of it in the end, as JSON has it.
    """

    title: str
    work: Callable[[Path], Any]
    look: Callable[[Path], Look]
    result: Callable[[Path], Any]


def _run(*words: str) -> None:
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            code: object = cli(list(words))
    except SystemExit as ended:
        code = ended.code
    sys.stderr.write(said.getvalue())
    if code:
        raise RuntimeError(f"sde {' '.join(words)} ended with {code}: {said.getvalue().strip()}")


def _whole_sets(place: Path) -> int:
    """Read every set below a folder, and return how many there are."""
    found = [path.parent for path in place.rglob("manifest.json") if not _is_hidden(path, place)]
    for folder in found:
        sde.EmbeddingSet.load(folder)
    return len(found)


def _is_hidden(path: Path, place: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(place).parts)


def _n_blocks(place: Path) -> int:
    return sum(1 for path in place.rglob("*.blocks/*.safetensors") if not _is_hidden(path, place))


def _often() -> None:
    blocks._SECONDS = 0.2  # of ten: a kill shall meet blocks in an encoding of a few seconds


def _encode(place: Path) -> None:
    _often()
    few = ("--batch-size", "16", "--quiet")
    _run("encode", PAIRS, "--output", "set", "--device", "cpu", *few)


def _job(place: Path) -> None:
    _often()
    job = encoding_job(PAIRS, "bundled", place / "cache", sde.load_encoder)
    job.run()
    if job.status != "done":
        raise RuntimeError(job.error or job.status)


def _encoded(place: Path) -> str:
    (folder,) = (path.parent for path in place.rglob("manifest.json"))
    left = [str(path) for path in place.rglob("*.blocks")]
    if left:
        raise RuntimeError(f"{left} stays")
    return sde.EmbeddingSet.load(folder).fingerprint


def _train(place: Path) -> None:
    more = ("--resume",) if (place / "run" / "last.safetensors").exists() else ()
    common = (
        "--embeddings",
        "clipart",
        "--loss",
        "infonce",
        "--steps",
        "12",
        "--evaluate-every",
        "2",
        "--quiet",
    )
    _run("finetune", *common, "--device", "cpu", "--output", "run", *more)


def _train_job(place: Path) -> None:
    """Train as the server does: in a process that ends with the one that is killed."""
    source = embeddings_folder("clipart")
    request = TrainingRequest(
        title="a training",
        data="clipart",
        folder=str(source),
        part=(),
        fingerprint=sde.EmbeddingSet.load(source).fingerprint,
        runs={"run": FinetuneConfig(steps=12, batch_size=64, evaluate_every=2, device="cpu")},
    )
    write_request(request, place / "trainings" / "one")
    job = training_job(request, place / "trainings" / "one", place, device="cpu")
    job.run()
    workers.close()
    if job.status != "done":
        raise RuntimeError(job.error or job.status)


def _look_at_training(place: Path) -> Look:
    found = list((place / "trainings" / "one" / "run").glob("*.safetensors"))
    for path in found:
        read_checkpoint(path)
    if (place / "trainings" / "one" / REQUEST).exists():
        read_request(place / "trainings" / "one")
    return len(found) + _whole_sets(place), len(found)


def _trained_by_job(place: Path) -> str:
    return sde.EmbeddingSet.load(place / "embeddings" / "one-run").fingerprint


def _look_at_run(place: Path) -> Look:
    found = list((place / "run").glob("*.safetensors"))
    for path in found:
        read_checkpoint(path)
    return len(found) + _whole_sets(place), len(found)


def _digest_of_tensors(path: Path) -> str:
    """Return a digest of names and values; safetensors writes the words of its header in any order."""
    digest = hashlib.sha256()
    with safe_open(path, framework="pt") as file:
        for name in sorted(file.keys()):
            digest.update(name.encode() + file.get_tensor(name).contiguous().numpy().tobytes())
    return digest.hexdigest()


def _trained(place: Path) -> list[str]:
    files = sorted((place / "run" / "open_clip").rglob("*.safetensors"))
    return [_digest_of_tensors(path) for path in files] + [
        sde.EmbeddingSet.load(place / "run" / "vectors").fingerprint
    ]


def _transform(place: Path) -> None:
    maps = ("--output", "maps", "--apply", "emoji/val", "--output-set", "moved", "--quiet")
    _run("transform", "clipart/val", *maps)


def _look_at_maps(place: Path) -> Look:
    maps = list((place / "maps").glob("*.safetensors"))
    for path in maps:
        sde.SpectralTransform.load(path)
    return _whole_sets(place) + len(maps), 0


def _transformed(place: Path) -> list[str]:
    files = sorted((place / "maps").glob("*.safetensors"))
    return [_digest_of_tensors(path) for path in files] + [sde.EmbeddingSet.load(place / "moved").fingerprint]


def _report(place: Path) -> None:
    few = ("--resamples", "50", "--baselines", "mean-shift", "--quiet")
    _run("report", "emoji/test", "--fit-on", "emoji/val", "--output", "page.html", *few)


def _look_at_page(place: Path) -> Look:
    page = place / "page.html"
    if not page.exists():
        return 0, 0
    if not page.read_text("utf-8").rstrip().endswith("</html>"):
        raise RuntimeError("the report is cut off")
    return 1, 0


def _reported(place: Path) -> str:
    return hashlib.sha256((place / "page.html").read_bytes()).hexdigest()


def _save(place: Path) -> None:
    """Save two sets into one folder in turn, for longer than it takes to open them."""
    first = sde.EmbeddingSet.load(embeddings_folder("emoji"))
    second = sde.EmbeddingSet.load(embeddings_folder("clipart"))
    for made in (first, second) * 25:
        made.save(place / "set")


def _look_at_set(place: Path) -> Look:
    if not (place / "set").exists():
        return 0, 0
    if sde.EmbeddingSet.load(place / "set").n_rows not in (5418, 2289):
        raise RuntimeError("the set is a mixture")
    return 1, 0


def _saved(place: Path) -> str:
    return sde.EmbeddingSet.load(place / "set").fingerprint


def _upload(place: Path) -> None:
    """Put uploads of several MiB away."""
    for number in range(1, 9):
        content = bytes([number]) * (number << 20)
        put_away([Upload(f"{number}.npy", len(content), io.BytesIO(content))], place)


def _look_at_uploads(place: Path) -> Look:
    files = [path for path in (place / "uploads").rglob("*.npy") if not _is_hidden(path, place)]
    for path in files:
        content = path.read_bytes()
        if content != bytes([int(path.stem)]) * (int(path.stem) << 20):
            raise RuntimeError(f"the upload {path.name} is cut off")
    return len(files), 0


def _uploaded(place: Path) -> list[str]:
    return sorted(path.name for path in (place / "uploads").rglob("*.npy"))


def _sets_and_blocks(place: Path) -> Look:
    return _whole_sets(place), _n_blocks(place)


KINDS: dict[str, Kind] = {
    "encode": Kind("`sde encode`", _encode, _sets_and_blocks, _encoded),
    "job": Kind("encoding as the server's job", _job, _sets_and_blocks, _encoded),
    "train": Kind("`sde finetune`", _train, _look_at_run, _trained),
    "training": Kind("training as the server's job", _train_job, _look_at_training, _trained_by_job),
    "transform": Kind("`sde transform`", _transform, _look_at_maps, _transformed),
    "report": Kind("`sde report`", _report, _look_at_page, _reported),
    "save": Kind("a set saved over another", _save, _look_at_set, _saved),
    "upload": Kind("uploads put away", _upload, _look_at_uploads, _uploaded),
}
