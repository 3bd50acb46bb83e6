"""The sentences of the Training view, made from the numbers in its log."""

from typing import TYPE_CHECKING

from sde_core.glossary.formats import recall
from sde_explorer.training.numbers.run import change, recall_at_10

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sde_core.training import Interpolated
    from sde_explorer.training.numbers.run import RunLog

HOW_TO_READ = (
    "- **Solid** is the loss that was chosen, **dashed** plain InfoNCE on the same batches from the same start; dotted "
    "is the spectrum before the first step.\n"
    "- **Replay** runs through the looks at the spectrum; the line below can be dragged to any of them.\n"
    "- **Found among the first ten**: R@10 on validation, the mean of both directions of search.\n"
    "- Training pairs come from `split=train` where the set has one, validation from `split=val`; test pairs are never "
    "touched."
)
TRAINS_ON_THE_REST = "{part} is open, and left alone: a training takes the other splits."
STORED = (
    "Recorded on the bundled emoji set by `python -m data.training_recipe`; **Start training** runs one here."
)
FINDING_TERMS = (
    "Searches on validation pairs whose partner is among the first ten, the mean of image → text and text → image. One "
    "seed: take differences of a point or two as chance until other seeds agree."
)
LOSS_STORY = (
    "The contrastive loss can be compared between the runs; a run whose features are stirred or attenuated sees a "
    "harder batch, so its line may lie higher. What counts is validation."
)
SHARES_STORY = (
    "How the bands move. The rule looks at each moment afresh, so a band can win directions because the spectrum "
    "changed or because its edge did."
)
WATERFALL_STORY = (
    "Each row is a moment, each column a direction by rank: red grew since the start, violet shrank. A tail that turns "
    "red is training that fills the directions that were noise; a tail that turns violet is one that collapses."
)
PUBLISHED_STORY = (
    "The last column is what the paper's authors report for their training [P]: another encoder, other pairs, spectra "
    "by their own formulas. The direction of the change can be compared, the numbers cannot."
)
WEIGHTS_STORY = (
    "Fine-tuning is known to cost zero-shot ability. Weights between the start (0) and the end (1) often keep most of "
    "both (WiSE-FT, Wortsman et al. 2022)."
)


def finding(runs: "Sequence[RunLog]") -> str:
    """Return what the training came to so far, as the title of the view: one line."""
    found = [
        f"{run.name} {'finds ' if i == 0 else ''}{100 * recall_at_10(run.looks[-1]):.1f}"
        for i, run in enumerate(runs)
    ]
    same = ", same batches" if len(runs) > 1 else f"; at the start {100 * recall_at_10(runs[0].looks[0]):.1f}"
    return f"After {runs[0].step:,} steps {', '.join(found)} of 100{same}"


def outcome(runs: "Sequence[RunLog]") -> str:
    """Return where validation started and where it stands, one sentence a run, and the difference of two."""
    sentences = []
    ends = []
    for run in runs:
        both = [change(run.looks, f"{way}_retrieval_recall@10") for way in ("text", "image")]
        if both[0] is None or both[1] is None:
            continue
        (a, b), (c, d) = both[0], both[1]
        ends.append((b + d) / 2)
        sentences.append(
            f"**{run.name}**: validation R@10 went from {recall(a)} to {recall(b)} image → text, and from {recall(c)} "
            f"to {recall(d)} text → image, in {run.step:,} of {run.total_steps:,} steps."
        )
    if len(ends) == 2:
        difference = 100 * (ends[0] - ends[1])
        than = "ahead of" if difference > 0 else "behind"
        sentences.append(
            f"{runs[0].name} is {abs(difference):.1f} points {than} {runs[1].name} on average: one seed, so take "
            "differences of a point or two as chance until other seeds agree."
        )
    return "  \n".join(sentences)


def rank_story(runs: "Sequence[RunLog]") -> str:
    """Return how effective rank and gap moved, one sentence a run."""
    sentences = []
    for run in runs:
        if len(run.spectra) < 2:
            continue
        first, last = run.spectra[0], run.spectra[-1]
        sentences.append(
            f"**{run.name}**: effective rank {first.image.effective_rank:.0f} → "
            f"{last.image.effective_rank:.0f} (image), {first.text.effective_rank:.0f} → "
            f"{last.text.effective_rank:.0f} (text), gap {first.gap:.2f} → {last.gap:.2f}."
        )
    return "  \n".join(sentences)


def mixes_story(mixes: "Sequence[Interpolated]", trained_on: str) -> str:
    """Return what start, end and the best mix reach on validation, and what the others pay."""

    def mean(values: "Mapping[str, float]") -> float:
        return (values["text_retrieval_recall@10"] + values["image_retrieval_recall@10"]) / 2

    first, last = mixes[0], mixes[-1]
    best = max(mixes, key=lambda mix: mix.score)
    parts = [
        f"{trained_on}, validation: R@10 {recall(mean(first.values))} at the start, "
        f"{recall(mean(last.values))} at the end; the best mix by all of R@1, R@5 and R@10 takes "
        f"{best.alpha:.1f} of the end ({recall(mean(best.values))})."
    ]
    parts += [
        f"{name}: {recall(mean(first.others[name]))} at the start, {recall(mean(last.others[name]))} at the end, "
        f"{recall(mean(best.others[name]))} with that mix."
        for name in first.others
    ]
    return " ".join(parts)
