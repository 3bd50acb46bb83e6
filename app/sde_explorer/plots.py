"""What `plot()` of a result returns: the figure that a view shows of it where one does, for a notebook or a script."""

from functools import singledispatch

import plotly.graph_objects as go

from sde_core.encoding.layers.result import Layers
from sde_core.errors import ConfigError
from sde_core.geometry.gap import GapParts
from sde_core.geometry.parity.verdict import Parity
from sde_core.knowledge import BandKnowledge
from sde_core.partition import Bands, Partition, partition_spectrum
from sde_core.retrieval.bootstrap import Interval
from sde_core.retrieval.ranking import RetrievalRanks
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.shaping.certificate import Certificate
from sde_core.spectra.result import Spectrum
from sde_core.spectra.spectrum import compute_spectrum
from sde_core.training.monitoring.following import FollowedRun
from sde_core.training.series import CheckpointSeries
from sde_core.treatments.comparison import ComparedRetrieval, Comparison
from sde_core.treatments.compression.table import CompressionTable
from sde_core.vocabulary import DIRECTIONS, Modality
from sde_explorer.compare.figures.decided import layers_figure
from sde_explorer.compare.figures.parity_figures import parity_figure
from sde_explorer.compare.figures.retrieval import differences_figure
from sde_explorer.curriculum.figures.certificate import certificate_figure
from sde_explorer.curriculum.numbers.certificate import bound_lines
from sde_explorer.retrieval.compress.figures import compress_figure
from sde_explorer.retrieval.compress.numbers import AXES, PANELS, Compressed
from sde_explorer.retrieval.figures.recall import recall_figure
from sde_explorer.retrieval.figures.table import difference_figure
from sde_explorer.spectrum.figures.spectrum import spectrum_figure
from sde_explorer.spectrum.figures.strip import strip_figure
from sde_explorer.subspaces.figures.gap import gap_figure
from sde_explorer.subspaces.figures.known import known_figure
from sde_explorer.subspaces.numbers.knowledge import known_columns
from sde_explorer.training.figures.watch import watch_figure
from sde_explorer.ui.figures import palette

_METRIC = "recall@1"
_WATCHED = 460
_COMPRESSED = 360


def plot(thing: object) -> go.Figure:
    """Return the figure of a result; its words are grey, because nobody knows which background it will stand on.

    Raises:
        ConfigError: there is no figure of it, or nothing in it to draw.
    """
    return go.Figure(_figure(thing)).update_layout(font_color=palette.STEP)


@singledispatch
def _figure(thing: object) -> go.Figure:
    raise ConfigError(f"there is no figure of {type(thing).__name__}")


@_figure.register
def _(thing: Bands) -> go.Figure:
    if not len(thing.values):
        raise ConfigError("there is nothing to draw: the spectrum has no direction, all rows are equal")
    return spectrum_figure([thing])


@_figure.register
def _(thing: Spectrum) -> go.Figure:
    return _figure(Bands.of(thing, partition_spectrum(thing)))


@_figure.register
def _(thing: Partition) -> go.Figure:
    if not len(thing.labels):
        raise ConfigError("there is nothing to draw: the spectrum has no direction, all rows are equal")
    return strip_figure(thing)


@_figure.register
def _(thing: EmbeddingSet) -> go.Figure:
    spectra = {side: compute_spectrum(thing.vectors(side)) for side in thing.modalities}
    if not all(spectrum.rank for spectrum in spectra.values()):
        raise ConfigError("there is nothing to draw: a modality has no direction, all its rows are equal")
    return spectrum_figure(
        [Bands.of(found, partition_spectrum(found), modality=side) for side, found in spectra.items()]
    )


@_figure.register
def _(thing: RetrievalRanks) -> go.Figure:
    return recall_figure(thing)


@_figure.register
def _(thing: ComparedRetrieval) -> go.Figure:
    if not thing.differences:
        raise ConfigError(f"there is nothing to draw: {thing.name} is what the others are compared with")
    return differences_figure(thing, title=f"{thing.name} less the first row, percentage points")


@_figure.register
def _(thing: Comparison) -> go.Figure:
    raw, *rows = thing
    if not rows:
        raise ConfigError(f"there is nothing to draw: nothing is compared with {raw.name}")
    differences: dict[str, list[Interval | None]] = {
        way.label: [row.differences[f"{way}_{_METRIC}"] for row in rows] for way in DIRECTIONS
    }
    return difference_figure([row.name for row in rows], differences, metric="R@1", base=raw.name)


@_figure.register
def _(thing: CompressionTable) -> go.Figure:
    known = Compressed(rows=tuple(row for row in thing if not row.rescore), n_images=0, n_texts=0, n_fitted=0)
    panels = [panel for panel in PANELS if any(known.of(panel, axes) for axes in AXES)]
    return compress_figure(known, height=_COMPRESSED, panels=panels)


@_figure.register
def _(thing: BandKnowledge) -> go.Figure:
    columns = known_columns(thing, thing.labels.numpy())
    if not columns:
        raise ConfigError("there is nothing to draw: no direction knows any of the columns")
    return known_figure(columns, thing.labels.numpy(), side=thing.side)


@_figure.register
def _(thing: GapParts) -> go.Figure:
    if not thing.frechet_squared:
        raise ConfigError("there is nothing to draw: images and texts lie alike, there is no gap")
    return gap_figure(thing)


@_figure.register
def _(thing: Parity) -> go.Figure:
    return parity_figure(thing)


@_figure.register
def _(thing: Certificate) -> go.Figure:
    lines = bound_lines(thing)
    if not lines:
        raise ConfigError(
            "there is nothing to draw: nothing was measured; give `sde.certify` the spectrum and the rows"
        )
    return certificate_figure({"measured": lines})


@_figure.register
def _(thing: FollowedRun) -> go.Figure:
    if not thing.looks:
        raise ConfigError(f"there is nothing to draw: {thing.folder} holds no look yet")
    return watch_figure([thing], list(Modality), height=_WATCHED)


@_figure.register
def _(thing: Layers) -> go.Figure:
    return layers_figure(thing)


@_figure.register
def _(thing: CheckpointSeries) -> go.Figure:
    return _figure(FollowedRun(thing.folder, thing.looks))
