"""Make `sde-mini` again: `python -m data.encoders.recipe --wordnet DIR --work DIR` from the top of the checkout."""

import argparse
from pathlib import Path

from .stages import (
    Recipe,
    align_stage,
    assemble,
    distil_stage,
    feature_stage,
    measure,
    student_encode,
    teacher_encode,
)
from .towers import new_model

OUTPUT = Path(__file__).resolve().parents[1] / "sde-mini"


def main() -> None:
    """Run the stages that are not done yet, print retrieval on val and test, write the model."""
    parser = argparse.ArgumentParser(prog="python -m data.encoders.recipe", description=__doc__)
    parser.add_argument(
        "--wordnet", type=Path, required=True, help="folder of Debian's wordnet-base: usr/share/wordnet"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for what the stages leave")
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, help="where to write; default: data/encoders/sde-mini"
    )
    parser.add_argument(
        "--reference", action="store_true", help="also align the full-size teacher, for the model card"
    )
    options = parser.parse_args()
    recipe = Recipe(wordnet=options.wordnet, work=options.work, output=options.output)
    weights = distil_stage(recipe)
    features = feature_stage(recipe)
    tower = new_model(recipe.seed).text.eval()
    tower.load_state_dict({name: value for name, value in weights.items() if name != "target_map"})
    encoders = {"student": student_encode(tower)}
    if options.reference:
        encoders["teacher"] = teacher_encode(recipe)
    for name, encode in encoders.items():
        aligned = align_stage(recipe, features, encode)
        for split in ("val", "test"):
            found = measure(aligned, features, encode, split)
            recalls = [
                f"{way}@{k} {100 * found[f'{way}_retrieval_recall@{k}']:.1f}"
                for way in ("text", "image")
                for k in (1, 5, 10)
            ]
            print(f"{name} {split}: {', '.join(recalls)}")
        if name == "student":
            print(f"{assemble(recipe, weights, aligned):,} bytes in {recipe.output}")


if __name__ == "__main__":
    main()
