"""Our numbers beside those of papers' released code, on the same arrays: `python -m benchmarks.released_code FOLDER`.

Writes `arrays.npz` (unit rows of the bundled set: images and their primary captions of one part as a reference, another
to test on, and a second caption of each that asks) and `ours.npz`, one array a name. Whoever has a release at hand runs
it on `arrays.npz`, writes an npz of the same names, and gets the largest differences:

    python -m benchmarks.released_code FOLDER --theirs theirs.npz

Nothing of a release is in this repository. docs/method.md, section 7, has the table that came out.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.retrieval.scores import HubScore
from sde_core.treatments.scores import fit_dynamic_inverted_softmax, fit_inverted_softmax, fit_nnn
from sde_core.treatments.sinkhorn import fit_sinkhorn
from sde_core.vocabulary import Direction

Arrays = dict[str, npt.NDArray[np.float64]]

BETA = 20.0
SINKHORN_BETA = 100.0
"""DBSN's temperature of 0.01."""
NEIGHBOURS, ALPHA = 16, 0.75
TOP, BOTTOM = 10, 42
MEASURES = ("unbiased-cka", "cknna", "mutual-knn", "svcca", "pwcca", "procrustes")
MEASURED_ROWS = 300
"""Rows of two spaces of 32 numbers each: more rows than numbers, so that canonical correlations are not all 1."""
SIZE = 100.0
"""Length of their rows: what releases add to denominators and diagonals, some 1e-6, is then nothing."""


def arrays() -> Arrays:
    """Return rows in float64: unit rows `image` and `text` to test on, `query`, `fit_image`, `fit_text`; two spaces."""
    tested, reference = open_named("clipart/test"), open_named("clipart/train")
    first = np.unique(tested.links[:, 1], return_index=True)[1]
    last = np.append(first[1:], len(tested.links)) - 1
    several = last > first
    # Equal captions would tie, and every release breaks ties in its own way: the first stays.
    kind = np.unique(tested.text, axis=0, return_inverse=True)[1].ravel()
    for each in (first, last):
        texts = kind[tested.links[each, 0]]
        several &= np.isin(np.arange(len(each)), np.unique(texts, return_index=True)[1])
    image, text = reference.paired()
    made = {
        "image": tested.image[tested.links[first[several], 1]],
        "text": tested.text[tested.links[first[several], 0]],
        "query": tested.text[tested.links[last[several], 0]],
        "fit_image": image[:2_000],
        "fit_text": text[:2_000],
    }
    units = {name: _unit(np.float64(rows)) for name, rows in made.items()}
    spaces = {"first": units["fit_image"], "second": units["fit_text"]}
    return units | {name: SIZE * _unit(rows[:MEASURED_ROWS, :32]) for name, rows in spaces.items()}


def ours(given: Mapping[str, npt.NDArray[np.float64]]) -> Arrays:
    """Return what we make of `arrays`, by name."""
    image, text, query = (torch.from_numpy(given[name]) for name in ("image", "text", "query"))
    fit = torch.from_numpy(given["fit_image"]), torch.from_numpy(given["fit_text"])
    parts = sde.gap_parts(image, text)
    shift = tuple(sde.fit_mean_shift(each) for each in fit)
    image_of, text_of = sde.fit_isoclip(*fit, n_top=TOP, n_bottom=BOTTOM)
    found: dict[str, Any] = {
        "l2m": parts.centroid**0.5,
        "rmg": parts.relative,
        "mean_shift_image": _unit(shift[0](image)),
        "mean_shift_text": _unit(shift[1](text)),
        "realign_text": _unit(sde.fit_realign(*fit)(fit[1])),
        "isoclip_image": image_of(image) - fit[0].mean(0),
        "isoclip_text": text_of(text) - fit[1].mean(0),
        "mixed_ndcg": sde.mixed_ranking(image, text, query).ndcg,
        "mixed_ndcg_mean_shift": sde.mixed_ranking(shift[0](image), shift[1](text), shift[1](query)).ndcg,
    }
    scores = {
        "inverted_softmax_hubs": fit_inverted_softmax(*fit, beta=BETA),
        "nnn_hubs": fit_nnn(*fit, alpha=ALPHA, k=NEIGHBOURS),
        "dbsn_hubs": fit_sinkhorn(*fit, beta=SINKHORN_BETA),
    }
    for name, score in scores.items():
        assert isinstance(score, HubScore)
        hubs = score.hubs(image.float(), Direction.IMAGE_RETRIEVAL)
        found[name] = hubs - hubs.mean()  # one number for all items moves no rank
    block = fit_dynamic_inverted_softmax(*fit, beta=BETA)(image.float(), Direction.IMAGE_RETRIEVAL)
    found["qb_norm_order"] = block(query.float()).argsort(dim=1, descending=True)[:, :10]
    for name in MEASURES:
        found[f"similarity_{name}"] = sde.similarity(given["first"], given["second"], name)
    return {name: np.asarray(value, np.float64) for name, value in found.items()}


def differences(mine: Mapping[str, npt.NDArray[Any]], theirs: Mapping[str, npt.NDArray[Any]]) -> list[str]:
    """Return a line a name that both have: the largest difference, and the largest number of ours beside it."""
    lines = []
    for name in (each for each in mine if each in theirs):
        apart = np.abs(mine[name] - np.asarray(theirs[name], np.float64))
        lines.append(f"| {name} | {apart.max():.1e} | {np.abs(mine[name]).max():.3g} |")
    return lines


def main() -> None:
    """Write both files, and compare where there is another."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.released_code", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the arrays go")
    parser.add_argument("--theirs", type=Path, nargs="*", default=[], metavar="FILE", help="npz of releases")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    given = arrays()
    np.savez(options.folder / "arrays.npz", **given)
    mine = ours(given)
    np.savez(options.folder / "ours.npz", **mine)
    print("| number | largest difference | largest of ours |\n|---|---:|---:|")
    for file in options.theirs:
        with np.load(file, allow_pickle=False) as theirs:
            print("\n".join(differences(mine, theirs)))


def _unit(rows: Any) -> npt.NDArray[np.float64]:  # noqa: ANN401  (array or tensor)
    made = np.asarray(rows, np.float64)
    scaled: npt.NDArray[np.float64] = made / np.linalg.norm(made, axis=1, keepdims=True)
    return scaled


if __name__ == "__main__":
    main()
