"""The bundled encoder's retrieval table: `python -m benchmarks.model_card` prints it, `--write` puts it there."""

import argparse
import re
from pathlib import Path

import sde_core as sde
from sde_core.sets.evaluation import GALLERIES, RetrievalReport, evaluate_retrieval

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "data/encoders/README.md"
SETS = ("emoji/test", "clipart/test")
KS = (1, 5, 10)


def table(reports: list[RetrievalReport]) -> str:
    """Return the reports as a Markdown table, recalls in percent, chance for R@10."""
    ways = [f"{way} R@{k}" for way in ("image→text", "text→image") for k in KS]
    lines = [
        f"| set | captions | gallery | {' | '.join(ways)} | chance R@10 |",
        "|---|---|---|" + "---:|" * 7,
    ]
    for report in reports:
        names = [f"{side}_retrieval_recall@{k}" for side in ("text", "image") for k in KS]
        cells = [f"{100 * report.metrics[name]:.1f}" for name in names]
        gallery = f"{report.n_images:,} pictures, {report.n_texts:,} captions"
        luck = f"{100 * report.chance['text_retrieval_recall@10']:.1f}"
        lines.append(f"| {report.dataset} | {report.captions} | {gallery} | {' | '.join(cells)} | {luck} |")
    return "\n".join(lines)


def measured() -> list[RetrievalReport]:
    """Return the reports that `sde evaluate` prints: each test split and both together, three galleries."""
    encoder = sde.load_encoder("bundled")
    sets = [sde.encode_pairs(encoder, sde.open_pairs(name)) for name in SETS]
    sets.append(sde.concatenate(sets))
    return [evaluate_retrieval(s, captions=captions, ks=KS) for captions in GALLERIES for s in sets]


def main() -> None:
    """Print the table; with `--write`, put it between the markers of the documents."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_card", description=__doc__)
    parser.add_argument("--write", action="store_true", help="into the model card")
    options = parser.parse_args()
    found = table(measured())
    print(found)
    if options.write:
        text = DOCUMENT.read_text("utf-8")
        marked = re.compile(r"(<!-- sde evaluate -->\n).*?(<!-- /sde evaluate -->)", re.DOTALL)
        DOCUMENT.write_text(marked.sub(lambda m: f"{m[1]}{found}\n{m[2]}", text), "utf-8")


if __name__ == "__main__":
    main()
