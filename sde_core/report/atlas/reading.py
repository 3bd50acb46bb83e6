"""What one encoder makes of a set: everything that `sde spectrum`, `gap`, `compress` and `evaluate` say of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sde_core.checks.brief import brief
from sde_core.errors import DataError
from sde_core.files.text_file import finite
from sde_core.geometry.gap import gap_parts
from sde_core.report.sample import sampled
from sde_core.report.spaces import modality_facts
from sde_core.retrieval.bootstrap import Resampling
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.evaluation import Captions, evaluate_retrieval, gallery_of
from sde_core.sets.hold_out import hold_out
from sde_core.treatments.compression.codes import Code
from sde_core.treatments.compression.table import CompressedRetrieval, compression_table, recommendation
from sde_core.treatments.gains import TreatmentConfig
from sde_core.vocabulary import KS

_CODES: tuple[Code, ...] = ("float32", "int8", "1bit")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecall:
    """What is left of recall when less of every vector is kept; the mean of R@1, 5 and 10, both ways, in [0, 1].

    Attributes:
        name: axes, width and code, as `sde compress` calls them.
        width: numbers kept of each vector.
        code: how each is written.
        recall: on the half that nothing was fitted on.
        change: that less the recall of whole vectors.
        change_low: lower end of its paired 95 % interval.
        change_high: upper end.
        bytes_per_million: of the codes of a million vectors.
    """

    name: str
    width: int
    code: str
    recall: float
    change: float
    change_low: float
    change_high: float
    bytes_per_million: int

    __repr__ = brief

    @classmethod
    def of(cls, row: CompressedRetrieval) -> "KeptRecall":
        """Return what a row of `compression_table` says."""
        return cls(
            name=row.name,
            width=row.width,
            code=row.code,
            recall=row.recall.estimate,
            change=row.change.estimate,
            change_low=row.change.low,
            change_high=row.change.high,
            bytes_per_million=row.bytes_per_million,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderReading:
    """One encoder of an atlas.

    Attributes:
        name: as it was asked for.
        weights_sha256: of the encoder; "" where that is not known.
        fingerprint: of its vectors.
        width: numbers in a vector.
        n_images: images of the set.
        n_texts: captions of the set.
        modalities: "image", "text" -> what a report says of that spectrum: values, bands, thresholds, metrics.
        gap: parts of the squared Fréchet distance of images and texts and RMG; {} where one of them is not there.
        metrics: retrieval of the whole set by CLIP_benchmark's names, recalls in [0, 1]; {} without both.
        chance: the recalls of a random ranking.
        kept: recall when less is kept, whole vectors first; () without both, or where the set is too small for halves.
        advice: which of these loses nothing, in words.
        remarks: of the set.
    """

    name: str
    weights_sha256: str
    fingerprint: str
    width: int
    n_images: int
    n_texts: int
    modalities: Mapping[str, Mapping[str, Any]]
    gap: Mapping[str, float]
    metrics: Mapping[str, float]
    chance: Mapping[str, float]
    kept: tuple[KeptRecall, ...]
    advice: str
    remarks: tuple[str, ...]

    __repr__ = brief

    def as_dict(self) -> dict[str, Any]:
        """Return the reading as plain values, infinities and NaN as None."""
        content: dict[str, Any] = finite(asdict(self))
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "EncoderReading":
        """Return the reading of `as_dict`."""
        kept = tuple(KeptRecall(**row) for row in content["kept"])
        return cls(**{**content, "kept": kept, "remarks": tuple(content["remarks"])})


def read_encoder(
    embeddings: EmbeddingSet,
    *,
    name: str = "",
    rule: str = "mp-iqr",
    captions: Captions = "primary",
    n_resamples: int = 2_000,
    seed: int = 0,
) -> EncoderReading:
    """Return what an encoder makes of a set, from its vectors.

    Axes and ranges of what is kept are fitted to a seeded half of the images; its recall is that of the other half.

    Args:
        embeddings: the set through the encoder; one modality is enough for its spectrum.
        name: of the encoder; "" takes the one that the set names.
        rule: of the bands.
        captions: gallery of retrieval, as `evaluate_retrieval` takes it.
        n_resamples: draws of the intervals.
        seed: of halves, draws and shuffles.

    Raises:
        DataError: the set is too small, or ``rule`` cannot be used on it.
        ConfigError: ``rule`` or ``captions`` is unknown.
    """
    config, few = TreatmentConfig(rule=rule, seed=seed), sampled(embeddings, seed)
    modalities = {
        str(m): modality_facts(embeddings.vectors(m), config, paired=embeddings.paired, few=few.vectors(m))
        for m in embeddings.modalities
    }
    is_paired = len(modalities) == 2
    report = evaluate_retrieval(embeddings, captions=captions, ks=KS) if is_paired else None
    kept, advice = _kept(few, captions, n_resamples, seed) if is_paired else ((), "")
    return EncoderReading(
        name=name or embeddings.provenance.encoder or embeddings.name,
        weights_sha256=embeddings.provenance.weights_sha256,
        fingerprint=embeddings.fingerprint,
        width=embeddings.width,
        n_images=embeddings.n_images,
        n_texts=embeddings.n_texts,
        modalities=modalities,
        gap=_gap(few) if is_paired else {},
        metrics=report.metrics if report else {},
        chance=report.chance if report else {},
        kept=kept,
        advice=advice,
        remarks=embeddings.remarks,
    )


def _gap(embeddings: EmbeddingSet) -> dict[str, float]:
    parts = gap_parts(*embeddings.paired())
    names = ("centroid", "trace", "covariance", "rotation", "frechet_squared", "relative")
    return {name: getattr(parts, name) for name in names}


def _kept(
    embeddings: EmbeddingSet, captions: Captions, n_resamples: int, seed: int
) -> tuple[tuple[KeptRecall, ...], str]:
    """Return the rows and the advice; where the set is too small for two halves, that as the advice."""
    try:
        halves = hold_out(embeddings, seed=seed)
    except DataError as error:
        return (), str(error)
    reference, test = (embeddings.select(half) for half in halves)
    gallery, d = gallery_of(test, captions), embeddings.width
    rows = compression_table(
        gallery.image,
        gallery.text,
        gallery.links,
        reference.paired(),
        widths=sorted({d, max(1, d // 2), max(1, d // 4)}, reverse=True),
        axes=("own", "pca"),
        codes=_CODES,
        resampling=Resampling(n_resamples=n_resamples, seed=seed),
        seed=seed,
    )
    return tuple(KeptRecall.of(row) for row in rows), recommendation(rows)
