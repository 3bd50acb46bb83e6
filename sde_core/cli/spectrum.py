"""`sde spectrum`: singular spectra, partition and metrics of an embedding set."""

import argparse
import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sde_core.cli.options import new_command
from sde_core.cli.output import print_json, print_table

if TYPE_CHECKING:
    from sde_core.embeddings import EmbeddingSet

_BANDS = ("strong", "weak", "noise")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "spectrum",
        "Print the singular spectra of an embedding set: bands, thresholds, metrics.",
        "sde spectrum emoji --modality both --output spectrum.csv",
    )
    parser.add_argument("embeddings", nargs="?", default="emoji", help="bundled set or folder")
    parser.add_argument("--modality", choices=("image", "text", "both"), default="both")
    parser.add_argument("--center", choices=("mean", "none"), default="mean")
    parser.add_argument("--rule", default="mp-iqr", help="partition rule; default: %(default)s")
    parser.add_argument("--output", help="write every singular value with its band to this CSV file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Compute and print; write the CSV if one is asked for."""
    from sde_core.embedding_formats.named import open_named

    embeddings = open_named(options.embeddings)
    modalities = ("image", "text") if options.modality == "both" else (options.modality,)
    reports = [_report(embeddings, modality, options) for modality in modalities]
    if options.output:
        _write_csv(Path(options.output), reports)
    if options.json:
        print_json(
            {"embeddings": options.embeddings, "fingerprint": embeddings.fingerprint, "spectra": reports}
        )
        return
    keys = [key for key, value in reports[0].items() if not isinstance(value, list | dict | str)]
    rows = [(key, *(_cell(report[key]) for report in reports)) for key in keys]
    rows += [(key, *(_cell(r["metrics"][key]) for r in reports)) for key in reports[0]["metrics"]]
    print_table(
        f"{options.embeddings}: rule {options.rule}, center {options.center}", ("", *modalities), rows
    )
    for report in reports:
        print(f"{report['modality']}: {report['note']}")


def _report(embeddings: "EmbeddingSet", modality: str, options: argparse.Namespace) -> dict[str, Any]:
    from sde_core.metrics import spectrum_metrics
    from sde_core.partition import partition_spectrum
    from sde_core.spectrum import compute_spectrum

    rows = getattr(embeddings, modality)
    spectrum = compute_spectrum(rows, center="mean" if options.center == "mean" else None)
    partition = partition_spectrum(spectrum, options.rule, features=rows, paired=embeddings.paired())
    energies = spectrum.energies / spectrum.energies.sum()
    report: dict[str, Any] = {
        "modality": modality,
        "n_samples": spectrum.n_samples,
        "n_features": spectrum.n_features,
        "rank": spectrum.rank,
        "tau_strong": partition.tau_strong,
        "tau_noise": partition.tau_noise,
        "noise_scale": partition.noise_scale,
        "fit_distance": partition.fit_distance,
    }
    for number, band in enumerate(_BANDS):
        mask = partition.labels == number
        report[f"n_{band}"] = int(mask.sum())
        report[f"{band}_energy_share"] = float(energies[mask].sum())
    report["metrics"] = spectrum_metrics(spectrum)
    report["note"] = partition.note
    report["singular_values"] = spectrum.singular_values.tolist()
    report["bands"] = [_BANDS[label] for label in partition.labels.tolist()]
    return report


def _write_csv(path: Path, reports: list[dict[str, Any]]) -> None:
    from sde_core.errors import DataError

    try:
        with path.expanduser().open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("modality", "rank", "singular_value", "band"))
            for report in reports:
                for rank, value in enumerate(report["singular_values"], start=1):
                    writer.writerow((report["modality"], rank, repr(value), report["bands"][rank - 1]))
    except OSError as error:
        raise DataError(f"output must be a writable file; {path}: {error.strerror}") from None


def _cell(value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.4g}"
