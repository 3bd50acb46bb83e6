"""`sde transform`: enhance or prune along the directions of one set, and carry that to another."""

import argparse
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sde_core.cli.method_options import add_curriculum_options, add_partition_options, chosen_treatment
from sde_core.cli.options import new_command
from sde_core.cli.output import print_json, print_table
from sde_core.cli.sources import opened_saying
from sde_core.errors import ConfigError
from sde_core.vocabulary import BANDS

if TYPE_CHECKING:
    from sde_core.treatments.gains import FittedGains
    from sde_core.treatments.treatment import Treatment

_WORDS = {
    "relative_change": "change of the vectors",
    "singular_value_shift": "shift of a singular value, of the largest",
    "row_turn_by_change": "turn of a row, by the change",
    "row_turn_by_condition": "turn of a row, by the condition",
    "gradient_scale": "scale of a gradient",
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "transform",
        "Fit an enhancement or a pruning on one embedding set, save it, apply it to another; "
        "prints the certificate.",
        "sde transform emoji/train --output enhance --apply emoji/test --output-set emoji-test-enhanced",
        "sde transform --load enhance --apply my-vectors --output-set my-vectors-enhanced",
    )
    parser.add_argument("embeddings", nargs="?", help="reference set to fit on")
    parser.add_argument("--load", metavar="FOLDER", help="take a saved transform instead of fitting one")
    parser.add_argument(
        "--kind", choices=("enhance", "prune"), default="enhance", help="default: %(default)s"
    )
    add_partition_options(parser)
    add_curriculum_options(parser)
    parser.add_argument(
        "--output", metavar="FOLDER", help="write image.safetensors, text.safetensors and transform.json here"
    )
    parser.add_argument("--apply", metavar="SET", help="embedding set to transform; default: the reference")
    parser.add_argument("--output-set", metavar="FOLDER", help="write the transformed set here")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Fit or load, apply, write what is asked for, print the certificate."""
    from sde_core.treatments.treatment import load_treatment

    if (options.embeddings is None) == (options.load is None):
        raise ConfigError("transform needs a reference set to fit on or --load FOLDER, one of the two")
    if options.output_set is not None and options.apply is None and options.load is not None:
        raise ConfigError("--load must come with --apply SET: there is no reference set to take instead")
    if options.apply is not None and options.output_set is None:
        raise ConfigError("--apply must come with --output-set FOLDER, where the transformed set is written")
    made = load_treatment(options.load) if options.load else _fitted(options)
    facts = dict(made.facts)
    if options.output:
        facts["output"] = str(made.save(options.output))
    if options.output_set:
        facts["output_set"] = _applied(options, made)
    if options.json:
        print_json(facts)
        return
    _print(facts)


def _fitted(options: argparse.Namespace) -> "Treatment":
    from sde_core.treatments.gains import fit_treatment, treatment_of
    from sde_core.treatments.treatment import ROW_NAMES

    config = chosen_treatment(options, options.kind)
    reference = opened_saying(options.embeddings)
    paired = reference.paired()
    image, text = (fit_treatment(rows, config, paired=paired) for rows in (reference.image, reference.text))
    facts = {
        "kind": options.kind,
        "label": f"{ROW_NAMES[options.kind]} of {options.embeddings} {reference.fingerprint[:12]}",
        "reference": options.embeddings,
        "reference_fingerprint": reference.fingerprint,
        "parameters": config.as_dict(),
        "image": _facts_of(image, reference.image),
        "text": _facts_of(text, reference.text),
    }
    return replace(treatment_of(image, text), facts=facts)


def _facts_of(treatment: "FittedGains", rows: Any) -> dict[str, Any]:  # noqa: ANN401
    partition = treatment.partition
    return {
        "n_strong": partition.n_strong,
        "n_weak": partition.n_weak,
        "n_noise": partition.n_noise,
        "tau_strong": partition.tau_strong,
        "tau_noise": partition.tau_noise,
        "note": partition.note,
        "certificate": treatment.certificate(rows).as_dict(),
    }


def _applied(options: argparse.Namespace, made: "Treatment") -> dict[str, Any]:
    embeddings = made(opened_saying(options.apply or options.embeddings))
    folder = embeddings.save(options.output_set)
    return {
        "folder": str(folder),
        "name": embeddings.name,
        "fingerprint": embeddings.fingerprint,
        "n_images": embeddings.n_images,
        "n_texts": embeddings.n_texts,
    }


def _print(facts: dict[str, Any]) -> None:
    _print_certificate(facts) if "image" in facts else print(facts["label"])
    if "output" in facts:
        print(f"transform written to {facts['output']}")
    if "output_set" in facts:
        print(f"transformed set written to {facts['output_set']['folder']}")


def _print_certificate(facts: dict[str, Any]) -> None:
    both = [facts["image"], facts["text"]]
    rows = [(f"{band} directions", *(str(m[f"n_{band}"]) for m in both)) for band in BANDS]
    rows.append(("largest change of a gain", *(f"{m['certificate']['max_change']:.4f}" for m in both)))
    for name, words in _WORDS.items():
        cells = (m["certificate"]["bounds"][name] for m in both)
        rows.append((words, *(_bound(cell, name.startswith("row_turn")) for cell in cells)))
    print_table(f"{facts['label']}: measured ≤ guaranteed", ("", "image", "text"), rows)
    for modality in ("image", "text"):
        print(f"{modality}: {facts[modality]['note']}")


def _bound(cell: dict[str, float | None], is_angle: bool) -> str:
    def text(value: float | None) -> str:
        if value is None:
            return "-"
        return f"{math.degrees(value):.1f}°" if is_angle else f"{value:.4f}"

    return f"{text(cell['measured'])} ≤ {text(cell['bound'])}"
