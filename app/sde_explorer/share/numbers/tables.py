"""The numbers of a state as tables, one for each file of the download."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sde_core.partition import Bands
from sde_core.vocabulary import BANDS
from sde_explorer.spectrum.numbers.export import as_rows

if TYPE_CHECKING:
    from sde_explorer.curriculum.numbers.certificate import CertificateReport
    from sde_explorer.readings.headline import Headline

Row = dict[str, Any]


def number_tables(
    bands: Sequence[Bands],
    headline: "Headline",
    certificates: "Sequence[CertificateReport]",
    report: Mapping[str, Any] | None = None,
) -> dict[str, list[Row]]:
    """Return the rows of each table by its name.

    Args:
        bands: of both modalities; their labels are a column of "spectra".
        headline: alignment and retrieval of the set as it is.
        certificates: of both modalities.
        report: content of a report that was made; its rows are "retrieval" and "retrieval_intervals".
    """
    tables = {
        "spectra": as_rows(list(bands)),
        "bands": [_band_row(report, band) for report in bands for band in BANDS],
        "metrics": [*_metric_rows(bands), *_pair_rows(headline)],
        "certificate": [row for report in certificates for row in _bound_rows(report)],
    }
    if report is not None:
        tables["retrieval"] = retrieval_rows(report)
    return tables


def retrieval_rows(report: Mapping[str, Any]) -> list[Row]:
    """Return a row for each set, treatment and metric of a report, with its difference to raw."""
    found = []
    for each in report["sets"]:
        for row in each["retrieval"]["rows"]:
            for name, value in row["metrics"].items():
                estimate, low, high = row["differences"].get(name) or (None, None, None)
                found.append(
                    {
                        "set": each["name"],
                        "treatment": row["treatment"],
                        "metric": name,
                        "value": value,
                        "difference": estimate,
                        "low": low,
                        "high": high,
                    }
                )
    return found


def _band_row(report: Bands, band: str) -> Row:
    return {
        "modality": report.modality,
        "band": band,
        "directions": report.count(band),
        "energy_share": report.energy_share(band),
        "tau_strong": report.tau_strong,
        "tau_noise": report.tau_noise,
        "fit_distance": report.fit_distance,
    }


def _metric_rows(bands: Sequence[Bands]) -> list[Row]:
    return [_metric(report.modality, *item) for report in bands for item in report.metrics.items()]


def _pair_rows(headline: "Headline") -> list[Row]:
    near, found = headline.aligned, headline.recall
    pairs = f"a seeded sample of {near.n_pairs:,} pairs" if near and near.n_pairs else "pairs"
    asked = f", {found.n_asked:,} seeded queries each way" if found and found.n_asked else ""
    return [_metric(pairs, *item) for item in (near.values.items() if near else ())] + [
        _metric(f"retrieval, raw{asked}", *item) for item in (found.metrics.items() if found else ())
    ]


def _metric(of: str, name: str, value: float) -> Row:
    return {"of": of, "metric": name, "value": value}


def _bound_rows(report: "CertificateReport") -> list[Row]:
    return [
        {
            "modality": report.modality,
            "bound": line.name,
            "guaranteed": line.bound,
            "measured": line.measured,
            "holds": report.holds,
        }
        for line in report.lines
    ]
