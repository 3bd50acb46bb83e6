"""Numbers and sentences of a report."""

from collections.abc import Mapping, Sequence
from typing import Any

from sde_core.glossary.formats import number, percent, points, signed
from sde_core.partition import Bands
from sde_core.treatments.sweep import setting_words
from sde_core.vocabulary import BANDS, DIRECTIONS

Content = Mapping[str, Any]


_OF = {"cross": "shared"}


def bands_finding(bands: Bands) -> str:
    """Return what a spectrum's bands say, in one line: how much the strong directions carry, how many are noise."""
    what = "direction" if len(bands.values) == 1 else "directions"
    of = " ".join(filter(None, (_OF.get(bands.modality, bands.modality), what)))
    total, strong, weak, noise = (len(bands.values), *(bands.count(band) for band in BANDS))
    rest = _noise_words(bands, noise)
    if strong:
        share = percent(bands.energy_share("strong"))
        return f"{strong:,} of {total:,} {of} {'carry' if strong > 1 else 'carries'} {share} of the energy; {rest}"
    one = of.removesuffix("s")
    if weak:
        return f"No {one} stands out: {weak:,} of {total:,} are weak, {rest}"
    return f"No {one} stands out: {rest}"


def _noise_words(bands: Bands, count: int) -> str:
    shown, one = (f"{count:,}", count == 1) if count else ("none", True)
    if not bands.has_law:
        return f"{shown} {'is' if one else 'are'} no more than chance"
    if bands.edge_is_doubtful:
        return f"{shown} {'lies' if one else 'lie'} below the noise edge"
    return f"{shown} {'looks' if one else 'look'} like noise"


def bands_sentence(modality: str, facts: Content) -> list[tuple[str, str]]:
    """Return which band holds what, as pieces of text with the colour that they are written in."""
    pieces = [(f"{modality.capitalize()}: ", "")]
    for place, band in enumerate(BANDS):
        found = facts["bands"][band]
        noun = "direction holds" if found["directions"] == 1 else "directions hold"
        pieces.append((f"{found['directions']:,} {band}", band))
        share = percent(found["energy_share"])
        end = (" of the energy, ", ", ", ".")[place]
        pieces.append((f" {noun} {share}{end}", ""))
    return pieces


_WAYS = tuple((way, way.label) for way in reversed(DIRECTIONS))


def retrieval_sentences(rows: Sequence[Content]) -> list[str]:
    """Return what the table says of the two SDE rows, and which rows help or hurt beyond the noise of queries."""
    sentences = []
    for row in rows[1:]:
        if row["treatment"].startswith("sde-"):
            found = [_change(row, prefix, way) for prefix, way in _WAYS]
            sentences.append(f"{row['treatment']}: {'; '.join(found)}.")
    verdicts = {row["treatment"]: {_verdict(row, prefix) for prefix, _ in _WAYS} for row in rows[1:]}
    for verdict in ("better", "worse"):
        names = [name for name, found in verdicts.items() if found == {verdict}]
        if names:
            sentences.append(
                f"{verdict.capitalize()} than raw at R@1 both ways beyond the noise of the queries: {', '.join(names)}."
            )
        elif verdict == "better":
            sentences.append(
                "No treatment is better than raw at R@1 both ways beyond the noise of the queries."
            )
    seeing = [row["treatment"] for row in rows if row.get("transductive")]
    if seeing:
        sentences.append(
            f"Transductive, as it sees all queries of the test before it ranks one: {', '.join(seeing)}; "
            "the others are inductive."
        )
    chosen = {row["treatment"]: row["sweep"] for row in rows if "sweep" in row}
    if chosen:
        taken = "; ".join(f"{name} {setting_words(sweep['setting'])}" for name, sweep in chosen.items())
        asking = next(iter(chosen.values()))["n_asking"]
        sentences.append(
            f"Settings of baselines were chosen on {asking:,} held-out pairs of the reference: {taken}."
        )
    return sentences


def _change(row: Content, prefix: str, way: str) -> str:
    estimate, low, high = (100 * v for v in row["differences"][f"{prefix}_recall@1"])
    verdict = _verdict(row, prefix) or "no change beyond the noise of the queries"
    return f"{way} R@1 {signed(estimate)} points [{signed(low)}, {signed(high)}], {verdict}"


def _verdict(row: Content, prefix: str) -> str:
    """Return "better" or "worse" where the interval of R@1 leaves 0 out, else ""."""
    _, low, high = row["differences"][f"{prefix}_recall@1"]
    return "better" if low > 0 else "worse" if high < 0 else ""


def facts_line(facts: Content) -> str:
    """Return what a set is and what was done to it."""
    encoder = facts["provenance"].get("encoder") or "an encoder that is not known"
    encoder = "the bundled encoder" if encoder == "bundled" else encoder
    words = (
        f"{facts['n_images']:,} pictures and {facts['n_texts']:,} captions as {facts['width']} numbers each, "
        f"by {encoder}."
    )
    done = facts["provenance"].get("transform")
    words += f" Transformed: {done}." if done else ""
    words += f" {facts['skipped']:,} items could not be read and are left out." if facts["skipped"] else ""
    words += "".join(f" {remark}" for remark in facts["remarks"])
    if facts.get("sample"):
        words += (
            " Spectra, bands and what is read from them rest on all rows; shuffled columns, dimension by neighbours, "
            f"pairs, gains and retrieval rest on a seeded sample of {facts['sample']:,} pictures and their captions."
        )
    return words


def controls(facts: Content) -> str:
    """Return what the controls of the metrics are, and which numbers rest on a sample."""
    few = facts.get("sample")
    sampled = (
        f" Of {few:,} sampled pictures: shuffled columns, TwoNN, and all numbers of pairs." if few else ""
    )
    return (
        "Controls say what the number would be without what it measures: columns shuffled for a spectrum, pairs "
        f"shuffled or mismatched for a pair.{sampled}"
    )


def cards(facts: Content) -> list[tuple[str, str]]:
    """Return the first numbers of a set, each with what it counts."""
    image, text, pairs = facts["modalities"]["image"], facts["modalities"]["text"], facts["pairs"]
    raw, chance = facts["retrieval"]["rows"][0]["metrics"], facts["retrieval"]["chance"]
    cards = [
        (f"{image['metrics']['effective_rank']:.0f} of {facts['width']}", "dimensions that pictures use"),
        (f"{text['metrics']['effective_rank']:.0f} of {facts['width']}", "dimensions that captions use"),
    ]
    if "modality_gap" in pairs:
        cards.append((number(pairs["modality_gap"]), "modality gap: distance of the two means"))
    for way, label in _WAYS:
        key = f"{way}_recall@10"
        cards.append((f"{points(raw[key])} %", f"{label} R@10, raw; chance {points(chance[key])} %"))
    return cards


def gallery(found: Content, facts: Content) -> str:
    """Return what is searched in."""
    few = facts.get("sample")
    of = f", of a seeded sample of {few:,} of all {facts['n_images']:,} pictures" if few else ""
    texts = {"each": "each caption", "primary": "primary captions", "all": "all captions"}[found["captions"]]
    return f"The gallery holds {found['n_images']:,} pictures and {found['n_texts']:,} {texts}{of}."


def changes(each: Content) -> str:
    """Return how many captions find their image earlier and later."""
    total = each["better"] + each["same"] + each["worse"]
    return (
        f"{each['treatment']}: of {total:,} captions, {each['better']:,} find their picture earlier than raw, "
        f"{each['same']:,} at the same rank, {each['worse']:,} later."
    )


def certified(both: Content) -> str:
    """Return how far a gain leaves 1, and what follows."""
    change = max(facts["certificate"]["max_change"] for facts in both.values())
    return (
        f"At t = {number(both['image']['progress'])} no gain leaves 1 by more than {number(change)}. What that "
        "guarantees for any vectors stands beside what was measured on those that were reported on."
    )


def parameters(spec: Content) -> dict[str, object]:
    """Return the parameters of a report by their names."""
    names = ("rule", "center", "noise_factor", "strong_factor", "progress", "seed", "captions")
    found = {name: spec[name] for name in names} | {"resamples of the intervals": spec["n_resamples"]}
    found |= {f"curriculum {name}": value for name, value in spec["curriculum"].items()}
    return found | ({"dashboard": f"?{spec['link']}"} if spec["link"] else {})


def origin(each: Content) -> dict[str, object]:
    """Return where the vectors of a set come from."""
    names = {"pairs_fingerprint": "pairs (fingerprint)", "weights_sha256": "weights (SHA-256)"}
    reference = each["treatment"]["reference"]
    return {
        "vectors (SHA-256)": each["fingerprint"],
        "fitted on": reference["name"],
        "fitted on (SHA-256)": reference["fingerprint"],
        **{names.get(key, key): value for key, value in each["provenance"].items() if value},
        "items skipped": each["skipped"],
    }


def knowing(facts: Content) -> dict[str, Content]:
    """Return what the bands of each modality know, of those that know a column."""
    return {m: found for m, found in facts.get("knowledge", {}).items() if found["columns"]}


def knowledge_sentence(modality: str, facts: Mapping[str, Any]) -> str:
    """Return where the column that a modality knows best lives."""
    first = facts["columns"][0]
    band = max(first["shares"], key=lambda name: first["shares"][name] or 0.0)
    count = facts["bands"].count(band)
    return (
        f"{count:,} {band} {modality} direction{'s' * (count != 1)} hold{'s' * (count == 1)} "
        f"{100 * first['shares'][band]:.0f} % of what is known of {first['name']}."
    )
