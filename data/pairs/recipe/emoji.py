"""Three drawing styles of about 1,900 emoji, with names and tags in English and German."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from data.pairs.recipe.sample import Sample, as_webp, squared
from data.pairs.recipe.sources import NPM
from data.pairs.recipe.svg import name_of, rendered, spellings

COMPONENT_GROUP = 2  # skin tones and hair on their own: no concept
LICENSES = {
    "noto": "Apache-2.0",
    "twemoji": "CC-BY-4.0, Copyright Twitter, Inc and other contributors",
    "fluent": "MIT, Copyright Microsoft Corporation",
}
PACKAGES = {
    "noto": "@iconify-json/noto",
    "twemoji": "@iconify-json/twemoji",
    "fluent": "@lobehub/fluent-emoji-3d",
}

# Variants that differ in who does it only: they must not be split over train and test.
_WHO = re.compile(r"\b(man|woman|person|men|women|people|boy|girl|mr|mrs|ms|mx|king|queen|prince|princess)\b")

Drawing = Callable[[str], Image.Image | None]


def emoji_samples(modules: Path) -> Iterator[Sample]:
    """Yield the samples of every style, concept by concept.

    Args:
        modules: `node_modules` with the packages of `sources.NPM`.
    """
    names = json.loads((modules / "emojibase-data/meta/groups.json").read_text("utf-8"))
    german = {e["hexcode"]: e for e in _records(modules, "de")}
    styles: dict[str, Drawing] = {
        "noto": _svg_style(modules / "@iconify-json/noto"),
        "twemoji": _svg_style(modules / "@iconify-json/twemoji"),
        "fluent": _raster_style(modules / "@lobehub/fluent-emoji-3d/assets"),
    }
    for record in _records(modules, "en"):
        if record.get("group") in (None, COMPONENT_GROUP):
            continue
        for style, draw in styles.items():
            picture = draw(record["hexcode"].lower())
            if picture is not None:
                yield _sample(record, german.get(record["hexcode"]), style, picture, names)


def _sample(
    record: dict[str, Any],
    german: dict[str, Any] | None,
    style: str,
    picture: Image.Image,
    names: dict[str, Any],
) -> Sample:
    code = record["hexcode"].lower()
    subgroup = names["subgroups"][str(record["subgroup"])]
    captions = _captions(record, otherwise=subgroup.replace("-", " "))
    family = " ".join(_WHO.sub(" ", record["label"].lower()).split()) or "person"
    return Sample(
        key=f"{style}-{code}",
        captions=captions,
        webp=as_webp(squared(picture)),
        related=[f"emoji {code}", f"family {family}"],
        metadata={
            "concept": record["label"],
            "hexcode": record["hexcode"],
            "family": family,
            "group": names["groups"][str(record["group"])],
            "subgroup": subgroup,
            "style": style,
            "captions_de": _captions(german) if german else [],
            "source": f"{PACKAGES[style]} {NPM[PACKAGES[style]]}",
            "license": LICENSES[style],
        },
    )


def _captions(record: dict[str, Any], otherwise: str = "") -> list[str]:
    label = record["label"]
    tags = [t for t in record.get("tags", []) if t.lower() != label.lower()]
    tags = tags or ([otherwise] if otherwise else [])
    return [label, f"{label}: {', '.join(tags)}"] if tags else [label]


def _records(modules: Path, language: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(
        (modules / f"emojibase-data/{language}/data.json").read_text("utf-8")
    )
    return sorted(records, key=lambda r: (r.get("order", 10**6), r["hexcode"]))


def _svg_style(folder: Path) -> Drawing:
    chars = json.loads((folder / "chars.json").read_text("utf-8"))
    icons = json.loads((folder / "icons.json").read_text("utf-8"))
    side = icons["width"]

    def draw(code: str) -> Image.Image | None:
        name = name_of(code, chars)
        name = icons["aliases"].get(name, {}).get("parent", name)
        if name not in icons["icons"]:
            return None
        return rendered(icons["icons"][name]["body"], side, side)

    return draw


def _raster_style(folder: Path) -> Drawing:
    def draw(code: str) -> Image.Image | None:
        path = next((p for s in spellings(code) if (p := folder / f"{s}.webp").is_file()), None)
        return None if path is None else Image.open(path)

    return draw
