"""The sentences beside the charts, made from the numbers in them."""

from typing import TYPE_CHECKING, Literal

from app.components.terms import HELP, METRICS

if TYPE_CHECKING:
    from app.analysis import BandReport, Headline


def percent(share: float) -> str:
    """Return a share as people read it: 7 %, 0.4 %."""
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"


def spectrum_story(reports: "list[BandReport]", *, moved: bool) -> str:
    """Return what the spectrum chart shows, one sentence a modality."""
    parts = []
    for r in reports:
        strong, weak, noise = (r.count(b) for b in ("strong", "weak", "noise"))
        parts.append(
            f"**{r.modality.capitalize()}**: {strong} strong directions hold {percent(r.energy_share('strong'))} "
            f"of the energy, {weak} weak ones {percent(r.energy_share('weak'))}, and {noise} that look like noise "
            f"{percent(r.energy_share('noise'))}."
        )
    end = " Thresholds were moved by hand." if moved else ""
    return " ".join(parts) + end


def spectrum_alt(reports: "list[BandReport]") -> str:
    """Return the spectrum chart in words, for those who do not see it."""
    return "Singular values by rank. " + spectrum_story(reports, moved=False).replace("*", "")


def fit_story(reports: "list[BandReport]") -> tuple[Literal["warning", "note"], str]:
    """Return what the rule assumed for each modality and whether that holds; a warning where it does not."""
    kind: Literal["warning", "note"] = "warning" if any(r.edge_is_doubtful for r in reports) else "note"
    notes: dict[str, list[str]] = {}
    for r in reports:
        notes.setdefault(r.note, []).append(r.modality)
    return kind, "\n\n".join(
        f"**{' and '.join(names).capitalize()}.** {note}" for note, names in notes.items()
    )


def energy_story(reports: "list[BandReport]") -> str:
    """Return how many directions hold half and nine tenths of the energy."""
    sentences = []
    for r in reports:
        total = r.energy.cumsum()
        half, most = (int((total < share - 1e-12).sum()) + 1 for share in (0.5, 0.9))
        sentences.append(
            f"{r.modality.capitalize()}: {half} directions hold half of the energy, {most} hold 90 %."
        )
    return " ".join(sentences) + " Dots mark the end of the strong and of the weak band."


def threshold_sentence(reports: "list[BandReport]") -> str:
    """Return the thresholds in the unit of the singular values, with the rule's own beside them."""
    sentences = []
    for r in reports:
        if not r.cuts_by_size:
            sentences.append(
                f"{r.modality.capitalize()}: this rule labels each direction; it has no thresholds."
            )
            continue
        own = (
            ""
            if r.tau_noise == r.own_tau_noise and r.tau_strong == r.own_tau_strong
            else (f" (the rule's own: {r.own_tau_noise:.4g} and {r.own_tau_strong:.4g})")
        )
        sentences.append(
            f"{r.modality.capitalize()}: noise up to {r.tau_noise:.4g}, strong above {r.tau_strong:.4g}{own}."
        )
    return " ".join(sentences)


def what_next(reports: "list[BandReport]", headline: "Headline") -> list[str]:
    """Return what the headline numbers suggest to look at, most telling first."""
    image, text = reports
    found = []
    near, chance = headline.alignment, headline.chance
    recall, luck = headline.metrics["text_retrieval_recall@10"], chance["text_retrieval_recall@10"]
    if luck < 1 and recall < 2 * luck:
        found.append(
            f"Retrieval is hardly above chance ({100 * recall:.1f} % against {100 * luck:.1f} %): are pictures and "
            "captions paired, and made by the same encoder?"
        )
    doubtful = [r for r in reports if r.edge_is_doubtful]
    if doubtful:
        names = " and ".join(f"{r.modality} (distance {r.fit_distance:.2f})" for r in doubtful)
        found.append(
            f"The bulk does not look like pure noise: {names}. Compare partition rules on the **Spectrum** page before "
            "trusting the noise edge."
        )
    shares = [r.energy_share("strong") for r in reports]
    if max(shares) > 0.02 and max(shares) > 1.5 * min(shares):
        more, less = (image, text) if shares[0] > shares[1] else (text, image)
        found.append(
            f"Strong directions hold {percent(more.energy_share('strong'))} of the {more.modality} energy, but "
            f"{percent(less.energy_share('strong'))} of the {less.modality} energy: the modalities spread differently."
        )
    if near and near["modality_gap"] > 0.3:
        found.append(
            f"Pictures and captions sit {near['modality_gap']:.2f} apart: leave the mean in on the **Spectrum** page "
            "and see how much of the first direction is the cone."
        )
    used = min(image.metrics["effective_rank"], text.metrics["effective_rank"])
    found.append(
        f"The smaller effective rank is {used:.0f} of {image.shape[1]} dimensions: move the noise threshold on the "
        "**Spectrum** page and watch how little energy the last directions hold."
    )
    return found[:4]


def metrics_table(reports: "list[BandReport]") -> str:
    """Return the metrics of the spectra as a Markdown table that wraps, each with its meaning."""
    names = [r.modality for r in reports]
    lines = [f"| metric | {' | '.join(names)} | what it says |", f"|---|{'---:|' * len(names)}---|"]
    for key, name in METRICS.items():
        cells = " | ".join(f"{r.metrics[key]:.4g}" for r in reports)
        lines.append(f"| {name} | {cells} | {HELP[key]} |")
    return "\n".join(lines)
