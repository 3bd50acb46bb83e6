"""Classification quality from scores, and the vector of a class from its prompts."""

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.places import FirstPlaces

KS = (1, 5)


def classification_metrics(
    scores: MatrixLike, labels: MatrixLike, ks: tuple[int, ...] = KS
) -> dict[str, float]:
    """Return accuracies and mean recall per class by CLIP_benchmark's names; read from ranks.

    Classes that score the same as the right one share its place, as in `retrieval_ranks`: a tie of t classes over
    rank k counts min(1, (k - above) / t), so scores that are all equal are at chance.

    Args:
        scores: (m, c) score of each class; larger is better.
        labels: (m,) number of the right class, in [0, c).
        ks: cut-offs; ``acc5`` of fewer than 5 classes is 1.

    Returns:
        dict: ``acc1``, ``acc5`` (each k) and ``mean_per_class_recall`` (of acc1, over the classes that occur).

    Raises:
        DataError: not a finite matrix, or labels that do not fit it.

    >>> found = classification_metrics([[3.0, 1.0], [2.0, 1.0], [0.0, 1.0]], [0, 0, 0])
    >>> round(found["acc1"], 3), found["mean_per_class_recall"] == found["acc1"]
    (0.667, True)
    """
    places, right = class_places(scores, labels), _labels(labels)
    hits = places.share_within(1)
    found = {f"acc{k}": float(places.share_within(k).mean()) for k in ks}
    recalls = [float(hits[right == c].mean()) for c in torch.unique(right)]
    return found | {"mean_per_class_recall": sum(recalls) / len(recalls)}


def class_ranks(scores: MatrixLike, labels: MatrixLike) -> Float[Tensor, " m"]:
    """Return the (m,) expected place of the right class, from 1; half steps come from ties.

    Args:
        scores: (m, c) score of each class.
        labels: (m,) number of the right class.

    Raises:
        DataError: as in `classification_metrics`.
    """
    return class_places(scores, labels).expected()


def class_places(scores: MatrixLike, labels: MatrixLike) -> FirstPlaces:
    """Return what stands above and beside the right class of each row.

    Args:
        scores: (m, c) score of each class.
        labels: (m,) number of the right class.

    Raises:
        DataError: as in `classification_metrics`.
    """
    table, right = as_matrix(scores, "scores").cpu(), _labels(labels)
    if len(right) != len(table):
        raise DataError(f"labels must have {len(table)} entries, one a row of scores; got {len(right)}")
    if int(right.min()) < 0 or int(right.max()) >= table.shape[1]:
        raise DataError(
            f"labels must name classes from 0 to {table.shape[1] - 1}; got {int(right.min())} to {int(right.max())}"
        )
    own = table.gather(1, right[:, None])
    above, tied = (table > own).sum(dim=1), (table == own).sum(dim=1) - 1
    return FirstPlaces(above=above, tied_wrong=tied, tied_right=torch.ones_like(above))


def class_vectors(prompts: MatrixLike, n_templates: int) -> Float[Tensor, "c d"]:
    """Return the (c, d) unit vector of each class: the mean of its unit prompts, scaled to unit length.

    Args:
        prompts: (c * n_templates, d) text embeddings, class by class.
        n_templates: prompts of a class.

    Raises:
        ConfigError: the rows are not whole classes.
        DataError: not finite, a row of zeros, or prompts of a class that cancel out.

    Source: Radford et al. 2021, section 3.1.4.
    """
    rows = unit_rows(prompts, "prompts")
    if n_templates < 1 or len(rows) % n_templates:
        raise ConfigError(f"n_templates must divide the {len(rows)} prompts; got {n_templates}")
    return unit_rows(rows.reshape(-1, n_templates, rows.shape[1]).mean(dim=1), "class vectors")


def _labels(labels: MatrixLike) -> Tensor:
    found = torch.as_tensor(labels).cpu()
    if found.ndim != 1 or len(found) == 0 or found.is_floating_point():
        raise DataError(f"labels must be a vector of whole numbers; got shape {tuple(found.shape)}")
    return found.long()
