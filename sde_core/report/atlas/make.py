"""An atlas: one encoder after the other, each kept as soon as it is read."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sde_core.checks.brief import brief
from sde_core.encoders import Encoder, load_encoder
from sde_core.encoding import EncodeProgress, encode_pairs
from sde_core.errors import ConfigError, DataError, SDEError
from sde_core.files.text_file import save_page, write_json
from sde_core.pairs.base import Pairs
from sde_core.partition.rules import rule_names
from sde_core.report.atlas.page import as_atlas_page
from sde_core.report.atlas.reading import EncoderReading, read_encoder
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.evaluation import GALLERIES, Captions

_VERSION = 1

Given = str | Path | Encoder | EmbeddingSet | Callable[[], Encoder | EmbeddingSet]
"""What `load_encoder` takes, an encoder, vectors, or what returns one of these two when its turn comes."""
Progress = Callable[[str, EncodeProgress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """Several encoders compared on one set.

    Attributes:
        pairs: the set that all have read.
        rule: of the bands.
        captions: gallery of retrieval.
        readings: of the encoders that could be read, in the order they were asked for.
        failures: name -> why an encoder could not be read.
    """

    pairs: str
    rule: str
    captions: str
    readings: tuple[EncoderReading, ...]
    failures: Mapping[str, str]

    __repr__ = brief

    def as_dict(self) -> dict[str, Any]:
        """Return every number of the page as plain values."""
        return {
            "pairs": self.pairs,
            "rule": self.rule,
            "captions": self.captions,
            "readings": [reading.as_dict() for reading in self.readings],
            "failures": dict(self.failures),
        }

    def html(self) -> str:
        """Return the page: one file, light and dark, nothing fetched; the same bytes for the same readings."""
        return as_atlas_page(self.as_dict())

    def save(self, path: str | Path) -> Path:
        """Write the page, or the numbers where the name ends in .json; whole or not at all.

        Raises:
            DataError: the place cannot be written.
        """
        return save_page(path, self.html, self.as_dict())


def make_atlas(
    encoders: Mapping[str, Given] | Sequence[str],
    pairs: Pairs,
    folder: str | Path,
    *,
    rule: str = "mp-iqr",
    captions: Captions = "primary",
    n_resamples: int = 2_000,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> Atlas:
    """Return how several encoders see one set, each measured alike; what ``folder`` holds already is reused.

    An encoder that cannot be loaded or read is named with its reason, and the rest go on.

    Args:
        encoders: names as `load_encoder` takes them, or name -> what there is of it.
        pairs: from `open_pairs`.
        folder: keeps vectors and readings: the same call goes on there, also inside an encoder.
        rule: of the bands.
        captions: gallery of retrieval, as `evaluate_retrieval` takes it.
        n_resamples: draws of the intervals.
        seed: of halves, draws and shuffles.
        device: "auto", "cpu", "cuda" or "cuda:N", for encoders that are given by name.
        progress: called with the encoder's name after every batch; an exception that it raises stops the work.

    Raises:
        ConfigError: no encoder, or an unknown rule or gallery.
        DataError: not one encoder could be read, or ``folder`` cannot be written.
    """
    named = encoders if isinstance(encoders, Mapping) else {name: name for name in encoders}
    if not named:
        raise ConfigError("an atlas needs at least one encoder; got none")
    if rule not in rule_names():
        raise ConfigError(f"rule must be one of {', '.join(rule_names())}; got {rule!r}")
    if captions not in GALLERIES:
        raise ConfigError(f"captions must be one of {', '.join(GALLERIES)}; got {captions!r}")
    settings = {"rule": rule, "captions": captions, "n_resamples": n_resamples, "seed": seed}
    work, readings, failures = Path(folder).expanduser(), [], {}
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"folder must be one that can be written; {folder}: {error.strerror}") from None
    for name, given in named.items():
        try:
            place = work / _file_name(name)
            embeddings = _vectors(name, given, pairs, place, device, progress)
            readings.append(_reading(name, embeddings, place, settings))
        # One that needs more memory than there is, or breaks off in torch, is as little a reason to stop the others.
        except (SDEError, OSError, RuntimeError, MemoryError) as error:
            failures[name] = str(error).strip() or type(error).__name__
    if not readings:
        told = "; ".join(f"{name}: {why}" for name, why in failures.items())
        raise DataError(f"none of {len(failures)} encoders could be read: {told}")
    return Atlas(pairs=pairs.uri, rule=rule, captions=captions, readings=tuple(readings), failures=failures)


def _vectors(
    name: str, given: Given, pairs: Pairs, place: Path, device: str, progress: Progress | None
) -> EmbeddingSet:
    """Return the vectors of an encoder: given, kept from the last time, or encoded now."""
    if callable(given) and not isinstance(given, Encoder):
        given = given()
    if isinstance(given, EmbeddingSet):
        return given
    encoder = given if isinstance(given, Encoder) else load_encoder(given, device=device)
    if place.is_dir():
        with suppress(DataError):  # not whole, or of another version: encoded again
            kept = EmbeddingSet.load(place)
            origin = kept.provenance
            if (origin.weights_sha256, origin.pairs_fingerprint, origin.precision) == (
                encoder.weights_sha256,
                pairs.fingerprint,
                encoder.precision,
            ):
                return kept
    told = None if progress is None else (lambda now: progress(name, now))
    # What is kept of other weights or pairs has another name, so that it is not in the way.
    made_of = f"{encoder.weights_sha256} {pairs.fingerprint} {encoder.precision}"
    blocks = place.with_name(f"{place.name}-{sha256(made_of.encode()).hexdigest()[:8]}.blocks")
    embeddings = encode_pairs(encoder, pairs, progress=told, resume=blocks)
    embeddings.save(place)
    return embeddings


def _reading(name: str, embeddings: EmbeddingSet, place: Path, settings: Mapping[str, Any]) -> EncoderReading:
    """Return the reading of vectors: kept from the last time, or made now."""
    key = {"version": _VERSION, "fingerprint": embeddings.fingerprint, **settings}
    file = place.with_name(f"{place.name}.json")
    with suppress(OSError, ValueError, KeyError, TypeError):  # not there, not whole, of another version
        kept = json.loads(file.read_text("utf-8"))
        if kept["key"] == key:
            return EncoderReading.from_dict(kept["reading"])
    reading = read_encoder(embeddings, name=name, **settings)
    write_json(file, {"key": key, "reading": reading.as_dict()})
    return EncoderReading.from_dict(reading.as_dict())


def _file_name(name: str) -> str:
    """Return a name that is good for a file, another one for each encoder."""
    return (
        f"{re.sub(r'[^A-Za-z0-9.-]+', '-', name).strip('-.')[-60:]}-{sha256(name.encode()).hexdigest()[:8]}"
    )
