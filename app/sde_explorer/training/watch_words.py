"""The sentences of the Watch part of the Training view."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sde_core.vocabulary import MODALITIES
from sde_explorer.ui.notices import sentence_of as sentence
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_core.training.monitoring.following import FollowedRun

__all__ = ["sentence"]

PLACE = (
    "Where `SpectralMonitor` writes, on this server's disk: a run, or a folder of runs, which stand side by side. "
    "docs/watch.md says how a training is watched."
)
RECORDED = "Eight losses, recorded"
RECORDED_FIRST = ("infonce", "spectral", "whitened-both", "sde-1")
"""Those that stand side by side first."""
RECORDED_HELP = (
    "The same 5,000 pairs, knobs and seed, another loss each: what each does to the spectrum. docs/why.md has the "
    "numbers; `python -m benchmarks.why` records them."
)
HOW_TO_READ = (
    "- **Top**: each column of pixels is a look, each row a direction by rank: red grew since the first look, violet "
    "shrank.\n"
    "- **Below**, over the same steps: effective rank, and the energy of strong, weak and noise. A red triangle is an "
    "alarm; its sentence stands at the pointer.\n"
    "- One run shows both modalities, several show the one that is first at the side.\n"
    "- The page reads on by itself, whoever is started anew."
)
FINDING_TERMS = (
    "What holds at the last look. Alarms measure a run against its own median over the 20 looks before; docs/watch.md "
    "has each of them."
)
DIRECTIONS = (
    "How much of today's first eight directions each look already held, by the squared cosine of the angle with the 16 "
    "that it kept."
)
RECALL = "R@1 is within the last batch of a look, or within the probe set where the monitor looks at one."
NUMBERS = {
    "recall": {"recall/image": "R@1, text → image", "recall/text": "R@1, image → text"},
    "gap": {"gap/centroid": "squared gap of the means", "logit_scale": "logit scale"},
}
"""Stable names of the numbers of each figure, with their titles."""

_MOST_NAME = 24
_MOST_ALARMS = 12


def finding(runs: "Sequence[FollowedRun]") -> str:
    """Return what holds at the last look, as the title of the view: one line."""
    if len(runs) == 1:
        [run] = runs
        return f"{_name(run)} at step {run.looks[-1].step:,}: {run.verdict}{_ranks(run)}"
    ill = [run for run in runs if not _is_quiet(run)]
    if not ill:
        return f"{len(runs)} runs side by side, no alarm holds"
    first = f"{_name(ill[0])}: {ill[0].verdict}"
    more = f"; {len(ill) - 1} more with alarms" if len(ill) > 1 else ""
    return f"{first}{more}; {len(runs) - len(ill)} of {len(runs)} runs without"


def outcome(runs: "Sequence[FollowedRun]") -> str:
    """Return where each run stands, for who cannot see the picture."""
    return " ".join(f"{run.name}, step {run.looks[-1].step:,}: {run.verdict}." for run in runs)


def alarms(runs: "Sequence[FollowedRun]") -> str:
    """Return the newest alarms of each run and what was odd about its last look, as Markdown."""
    parts = []
    for run in runs:
        state = "running" if run.is_live else "no process writes"
        head = f"**{as_text(run.name)}**, {len(run.looks):,} looks, {state}: {run.verdict}"
        lines = [str(alarm) for alarm in run.alarms[::-1]][:_MOST_ALARMS] + list(run.looks[-1].remarks)
        parts.append(f"{head}\n\n{listed(lines, none='No alarm so far.')}")
    return "\n\n".join(parts)


def listed(lines: "Sequence[str]", *, none: str) -> str:
    """Return lines as a list of Markdown; what a trainer wrote is shown as text."""
    return "\n".join(f"- {as_text(each)}" for each in lines) or none


def _is_quiet(run: "FollowedRun") -> bool:
    return run.verdict in ("healthy", "finds no pairs yet", "too early to say")


def _ranks(run: "FollowedRun") -> str:
    sides = [(name, getattr(run.looks[-1], name)) for name in MODALITIES]
    ranks = [f"{side.effective_rank:.0f} ({name})" for name, side in sides if side is not None]
    return f"; effective rank {', '.join(ranks)}" if ranks and _is_quiet(run) else ""


def _name(run: "FollowedRun") -> str:
    return as_text(run.name if len(run.name) <= _MOST_NAME else f"{run.name[: _MOST_NAME - 1]}…")
