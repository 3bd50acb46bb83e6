"""The sentences of the row of checkpoints in the Compare view."""

from typing import TYPE_CHECKING

from sde_core.glossary.formats import percent
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_core.training.series import CheckpointSeries

PLACE = (
    "What `sde series` wrote, on this server's disk: the checkpoints of one training, encoded on one probe set, each "
    "beside the first. docs/watch.md says how it is made."
)
HOW_TO_READ = (
    "- **Top**: each column is a checkpoint, each row a direction by rank: red grew since the first one, violet "
    "shrank.\n"
    "- **Below**: effective rank, and the energy of strong, weak and noise, each checkpoint by its own bands.\n"
    "- All checkpoints see the same pairs; recall is of all of them."
)
FINDING_TERMS = (
    "R@1 of texts that look for images among all probe pairs. CKA is linear: 1 where spaces only turned."
)
FROM_START = (
    "Linear CKA is blind to rotations, principal angles are not: spaces that only turned keep CKA at 1."
)
KEPT = (
    "The bands are those of the first checkpoint: energy that leaves its strong band went to directions that were "
    "weak, noise, or not there."
)
DIRECTIONS = (
    "How much of the last checkpoint's first eight directions each one already held, by the squared cosine of the "
    "angle with the 16 that it kept."
)
NO_EVENT = "The first eight directions stayed what they were."


def finding(series: "CheckpointSeries") -> str:
    """Return what became of the training from its first to its last checkpoint, in one line."""
    first, last = series.points[0], series.points[-1]
    recall = [percent(point.look.recall_image) for point in (first, last)]
    name = series.folder.name if len(series.folder.name) <= 20 else f"{series.folder.name[:19]}…"
    return f"{as_text(name)}: R@1 {recall[0]} → {recall[1]}, image CKA with the start {last.cka['image']:.2f}"


def outcome(series: "CheckpointSeries") -> str:
    """Return what the picture shows, for who cannot see it."""
    steps = series.points[0].step, series.points[-1].step
    return (
        f"Singular values, effective rank and bands of {len(series.points)} checkpoints of "
        f"{series.folder.name}, from {steps[0]:,} to {steps[1]:,}."
    )
