"""`sde spectrum`: singular spectra, partition and metrics of an embedding set."""

import argparse
import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sde_core.cli.engine import add_engine_options, refuse_without_engine, sums_by_engine
from sde_core.cli.method_options import add_partition_options, chosen_rule
from sde_core.cli.options import add_memory_option, new_command
from sde_core.cli.output import print_json, print_table
from sde_core.cli.sources import opened_saying
from sde_core.errors import ConfigError, DataError
from sde_core.vocabulary import BANDS, Centring, Modality

if TYPE_CHECKING:
    from sde_core.partition import Partition
    from sde_core.spectra.spectrum import Spectrum


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "spectrum",
        "Print the singular spectra of an embedding set: bands, thresholds, metrics.",
        "sde spectrum emoji --modality both --output spectrum.csv",
        "sde spectrum image.npy,text.npy --rule screenot",
        "sde spectrum clip-retrieval-folder --engine process --json",
    )
    parser.add_argument(
        "embeddings", nargs="?", default="emoji", help="bundled set, folder, file, or IMAGE,TEXT"
    )
    parser.add_argument(
        "--modality", choices=("image", "text", "both"), default="both", help="default: %(default)s"
    )
    add_partition_options(parser)
    parser.add_argument(
        "--output", help="write every singular value with its band to this CSV file, - for stdout"
    )
    add_memory_option(parser)
    add_engine_options(parser, "take float64 sums shard by shard", "finished sums")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Compute and print; write the CSV if one is asked for."""
    if options.json and options.output == "-":
        raise ConfigError("--output - and --json both write to stdout; give one of them a file")
    head, reports = _by_engine(options) if options.engine else _here(options)
    if options.output == "-":
        sys.stdout.write(_csv(reports))
        return
    if options.output:
        _write(_csv(reports), options.output)
    if options.json:
        print_json({"embeddings": options.embeddings, **head, "spectra": reports})
        return
    keys = [key for key, value in reports[0].items() if not isinstance(value, list | dict | str)]
    rows = [(key, *(_cell(report[key]) for report in reports)) for key in keys]
    rows += [
        (key, *(_cell(r["metrics"][key]) for r in reports)) for key in reports[0]["metrics"] if key != "rank"
    ]
    rule = reports[0]["rule"]
    header = ("", *(report["modality"] for report in reports))
    print_table(f"{options.embeddings}: rule {rule}, center {options.center}", header, rows)
    for report in reports:
        print(f"{report['modality']}: {report['note']}")


def _here(options: argparse.Namespace) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what JSON says of the set, and the reports, computed by this process."""
    refuse_without_engine(options)
    embeddings = opened_saying(options.embeddings)
    from sde_core.files.memory import kept
    from sde_core.partition import partition_spectrum
    from sde_core.sets.memory import check_spectrum
    from sde_core.spectra.spectrum import compute_spectrum

    check_spectrum(embeddings, options.memory)
    reports = []
    with kept(options.memory, "the spectra"):
        for modality in embeddings.modalities if options.modality == "both" else (options.modality,):
            rows = embeddings.vectors(modality)
            spectrum = compute_spectrum(rows, center=Centring(options.center))
            paired = embeddings.paired_or_none
            own = partition_spectrum(spectrum, chosen_rule(options), rows, paired, options.seed)
            reports.append(_report(spectrum, own, modality, options))
    return {"fingerprint": embeddings.fingerprint, "remarks": list(embeddings.remarks)}, reports


def _by_engine(options: argparse.Namespace) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the same of sums that an engine takes shard by shard."""
    sums, head = sums_by_engine(options)
    from sde_core.partition import partition_spectrum

    wanted = tuple(sums.sides) if options.modality == "both" else (options.modality,)
    reports = []
    for modality in wanted:
        if modality not in sums.sides:
            raise DataError(f"{options.embeddings} has no {modality} vectors: leave --modality out")
        spectrum = sums.sides[modality].spectrum()
        own = partition_spectrum(spectrum, chosen_rule(options), seed=options.seed)
        reports.append(_report(spectrum, own, modality, options))
    return head, reports


def _report(
    spectrum: "Spectrum", own: "Partition", modality: "Modality", options: argparse.Namespace
) -> dict[str, Any]:
    from sde_core.partition import Bands

    bands = Bands.of(spectrum, own, modality=modality).moved(
        noise=options.noise_factor, strong=options.strong_factor
    )
    report: dict[str, Any] = {
        "modality": modality,
        "rule": own.rule,
        "n_samples": spectrum.n_samples,
        "n_features": spectrum.n_features,
        "rank": spectrum.rank,
        "tau_strong": bands.tau_strong,
        "tau_noise": bands.tau_noise,
        "noise_scale": own.noise_scale,
        "fit_distance": own.fit_distance,
    }
    for band in BANDS:
        report[f"n_{band}"] = bands.count(band)
        report[f"{band}_energy_share"] = bands.energy_share(band)
    report["metrics"] = bands.metrics
    report["note"] = f"{bands.note} {bands.moved_note}".strip()
    report["singular_values"] = bands.values.tolist()
    report["bands"] = bands.names
    return report


def _csv(reports: list[dict[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("modality", "rank", "singular_value", "band"))
    for report in reports:
        for rank, value in enumerate(report["singular_values"], start=1):
            writer.writerow((report["modality"], rank, repr(value), report["bands"][rank - 1]))
    return text.getvalue()


def _write(text: str, target: str) -> None:
    from sde_core.files.text_file import write_text

    try:
        write_text(Path(target).expanduser(), text)
    except OSError as error:
        raise DataError(f"output must be a writable file; {target}: {error.strerror}") from None


def _cell(value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.4g}"
