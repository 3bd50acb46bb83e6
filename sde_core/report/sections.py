"""The parts of the page: overview, one set, how it was made."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from sde_core.files.text_file import finite
from sde_core.glossary.formats import number, points
from sde_core.report import figures, tables
from sde_core.report.words import bands_sentence, retrieval_sentences
from sde_core.vocabulary import DIRECTIONS

Content = Mapping[str, Any]

LINKS = [
    ("spectrum", "Spectrum"),
    ("metrics", "Metrics"),
    ("retrieval", "Retrieval"),
    ("curriculum", "Curriculum and certificate"),
]
"""Anchors of a report of one set."""

_NAMES = {"pairs_fingerprint": "pairs (fingerprint)", "weights_sha256": "weights (SHA-256)"}


def overview(sets: Sequence[Content]) -> str:
    """Return one row a set."""
    return f'<section id="overview"><h2>Overview</h2>{tables.overview(sets)}</section>\n'


def one_set(facts: Content, anchor: str, *, several: bool) -> str:
    """Return everything about one set."""
    prefix = f"{anchor}-" if several else ""
    parts = [
        f'<section id="{anchor}">',
        f"<h2>{escape(facts['name'])}</h2>",
        _facts_line(facts),
        _cards(facts),
        _spectrum(facts, prefix),
        _metrics(facts, prefix),
        _retrieval(facts, prefix),
        _curriculum(facts, prefix),
        "</section>\n",
    ]
    return "".join(parts)


def origin(content: Content) -> str:
    """Return parameters, hashes, versions, seed and the spec."""
    spec = content["spec"]
    parts = ['<section id="origin"><h2>How it was made</h2>']
    method = {
        key: spec[key] for key in ("rule", "center", "noise_factor", "strong_factor", "progress", "seed")
    }
    method |= {"captions": spec["captions"], "resamples of the intervals": spec["n_resamples"]}
    method |= {f"curriculum {key}": value for key, value in spec["curriculum"].items()}
    if spec["link"]:
        method["dashboard"] = f"?{spec['link']}"
    parts.append("<h3>Parameters</h3>" + _list(method, "cols"))
    for each in content["sets"]:
        origin_facts = {
            "vectors (SHA-256)": each["fingerprint"],
            "fitted on": each["treatment"]["reference"]["name"],
            "fitted on (SHA-256)": each["treatment"]["reference"]["fingerprint"],
            **{_NAMES.get(key, key): value for key, value in each["provenance"].items() if value},
            "items skipped": each["skipped"],
        }
        parts.append(f"<h3>{escape(each['name'])}</h3>{_list(origin_facts)}")
    parts.append("<h3>Versions</h3>" + _list(content["versions"], "cols"))
    text = json.dumps(finite(spec), indent=1, ensure_ascii=False)
    parts.append(f"<details><summary>The spec of this report</summary><pre>{escape(text)}</pre></details>")
    parts.append(
        '<p class="quiet">Of the method, the idea of the partition and of the curriculum is the paper\'s '
        "(arXiv 2602.09066) [P]; every formula here is our reconstruction [R]; a transform fitted once and applied to "
        "other vectors is our extension [X]. No result here is the paper's.</p></section>\n"
    )
    return "".join(parts)


def _facts_line(facts: Content) -> str:
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
    return f'<p class="quiet">{escape(words)}</p>'


def _cards(facts: Content) -> str:
    image, text, pairs = facts["modalities"]["image"], facts["modalities"]["text"], facts["pairs"]
    raw, chance = facts["retrieval"]["rows"][0]["metrics"], facts["retrieval"]["chance"]
    cards = [
        (f"{image['metrics']['effective_rank']:.0f} of {facts['width']}", "dimensions that pictures use"),
        (f"{text['metrics']['effective_rank']:.0f} of {facts['width']}", "dimensions that captions use"),
    ]
    if "modality_gap" in pairs:
        cards.append((number(pairs["modality_gap"]), "modality gap: distance of the two means"))
    for way in reversed(DIRECTIONS):
        key = f"{way}_recall@10"
        cards.append((f"{points(raw[key])} %", f"{way.label} R@10, raw; chance {points(chance[key])} %"))
    body = "".join(f'<div class="card"><b>{escape(b)}</b><span>{escape(w)}</span></div>' for b, w in cards)
    return f'<div class="cards">{body}</div>'


def _spectrum(facts: Content, prefix: str) -> str:
    both = facts["modalities"]
    sentences = " ".join(_coloured(bands_sentence(m, f)) for m, f in both.items())
    figure = [
        _figure(f"{m}, {f['n_samples']:,} × {f['n_features']}", "", figures.spectrum_figure(m, f))
        for m, f in both.items()
    ]
    figure.append(_figure("Cumulative energy", "", figures.cumulative_figure(both)))
    figure.append(_figure("Bands", "directions above, energy below", figures.bands_figure(both)))
    figure += [
        _figure(f"Bulk, {m}", "beside the law of pure noise", figures.bulk_figure(m, f))
        for m, f in both.items()
    ]
    notes = "".join(
        f'<p class="note{" warn" if f["fits_bulk"] is False else ""}"><b>{m}.</b> {escape(f["note"])}</p>'
        for m, f in both.items()
    )
    return (
        f'<h3 id="{prefix}spectrum">Spectrum and bands</h3><p>{sentences}</p>'
        f'<div class="pair">{"".join(figure)}</div>{notes}'
    )


def _metrics(facts: Content, prefix: str) -> str:
    return (
        f'<h3 id="{prefix}metrics">Metrics, each beside its control</h3>'
        '<p class="quiet">Controls say what the number would be without what it measures: columns shuffled for a '
        f"spectrum, pairs shuffled or mismatched for a pair.{_few(facts)}</p>"
        f"{tables.metrics(facts['modalities'])}{tables.pairs(facts['pairs'])}"
    )


def _few(facts: Content) -> str:
    few = facts.get("sample")
    return f" Of {few:,} sampled pictures: shuffled columns, TwoNN, and all numbers of pairs." if few else ""


def _retrieval(facts: Content, prefix: str) -> str:
    found, fitted = facts["retrieval"], facts["treatment"]["reference"]["words"]
    gallery = {"each": "each caption", "primary": "primary captions", "all": "all captions"}[
        found["captions"]
    ]
    said = retrieval_sentences(found["rows"]) if len(found["rows"]) > 1 else []
    sentences = f"<ul>{''.join(f'<li>{escape(s)}</li>' for s in said)}</ul>" if said else ""
    forests = [
        _figure(way.label, "", figures.forest_figure(found["rows"], way, way.label))
        for way in reversed(DIRECTIONS)
    ]
    of = (
        f", of a seeded sample of {facts['sample']:,} of all {facts['n_images']:,} pictures"
        if facts.get("sample")
        else ""
    )
    size = f"The gallery holds {found['n_images']:,} pictures and {found['n_texts']:,} {gallery}{of}."
    return (
        f'<h3 id="{prefix}retrieval">Retrieval before and after</h3>'
        f'<p class="quiet">Every treatment is {escape(fitted)}. {size} Intervals are 95 %, paired, over the queries; '
        "they do not cover the choice of the reference, nor that the best of many rows is picked after looking.</p>"
        f'{sentences}<div class="pair">{"".join(forests)}</div>{tables.retrieval(found)}'
        + "".join(_changes(each) for each in found["changes"])
    )


def _changes(each: Content) -> str:
    total = each["better"] + each["same"] + each["worse"]
    words = (
        f"{each['treatment']}: of {total:,} captions, {each['better']:,} find their picture earlier than raw, "
        f"{each['same']:,} at the same rank, {each['worse']:,} later."
    )
    return (
        f"<details><summary>{escape(words)} Which?</summary>"
        f'<div class="pair">{tables.queries("won most", each["won"])}{tables.queries("lost most", each["lost"])}</div>'
        "</details>"
    )


def _curriculum(facts: Content, prefix: str) -> str:
    both = facts["treatment"]["modalities"]
    drawn = [
        _figure(f"Gains, {m}", "over training progress t", figures.gains_figure(m, f))
        for m, f in both.items()
    ]
    e = max(f["certificate"]["max_change"] for f in both.values())
    return (
        f'<h3 id="{prefix}curriculum">Curriculum gains and the certificate</h3>'
        f"<p>At t = {number(both['image']['progress'])} no gain leaves 1 by more than {number(e)}. What that "
        "guarantees for any vectors stands beside what was measured on those that were reported on.</p>"
        f'<div class="pair">{"".join(drawn)}</div>{tables.certificate(both)}'
    )


def _figure(title: str, more: str, drawing: str) -> str:
    if not drawing:
        return ""
    small = f'<small class="quiet">{escape(more)}</small>' if more else ""
    return f"<figure><figcaption>{escape(title)}{small}</figcaption>{drawing}</figure>"


def _coloured(pieces: Sequence[tuple[str, str]]) -> str:
    return "".join(f'<b class="{c}">{escape(t)}</b>' if c else escape(t) for t, c in pieces)


def _list(facts: Mapping[str, object], kind: str = "") -> str:
    rows = "".join(f"<div><dt>{escape(str(k))}</dt><dd>{escape(str(v))}</dd></div>" for k, v in facts.items())
    return f'<dl class="{kind}">{rows}</dl>'
