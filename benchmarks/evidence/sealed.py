"""Pictures that no part of the study has used before the fifth: photographs, two drawing styles, and icons."""

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

import sde_core as sde
from benchmarks.evidence.corpus import Corpus
from data.encoders.recipe.corpus import comparable
from data.encoders.recipe.pairs import Picture
from data.pairs.recipe.sample import squared
from data.pairs.recipe.sources import fetch_debian, fetch_npm
from data.pairs.recipe.svg import name_of, rendered

STAMPS = "tuxpaint-stamps-default"
"""The Debian package of the photographs, whichever version there is: final runs keep a digest of every sealed set."""
NPM = {
    "@iconify-json/openmoji": "1.2.29",
    "@iconify-json/emojione": "1.2.3",
    "@iconify-json/flat-color-icons": "1.2.3",
}
SEALED = ("stamps", "openmoji", "emojione", "icons")
_NO_PHOTOGRAPHS = ("symbols",)  # letters, coins and signs

Draw = Callable[[str, str], Image.Image | None]
"""(hexcode, name of the concept) -> picture, or None where a style has none."""


def sealed_corpus(name: str, work: Path, bundled: Corpus) -> Corpus:
    """Return a sealed set, fetched with the ordinary client of its package if it is not there.

    A picture is left out if one of its captions is one of the train or validation captions of the bundled sets.

    Args:
        name: of `SEALED`.
        work: folder of the packages.
        bundled: the bundled pictures: the two drawing styles show the concepts of their test parts.
    """
    known = _known(bundled)
    return Corpus.of([p for p in _pictures(name, work, bundled) if not known & _texts(p)])


def _pictures(name: str, work: Path, bundled: Corpus) -> Iterator[Picture]:
    if name == "stamps":
        return stamp_pictures(fetch_debian(work, [STAMPS], "tuxpaint/stamps"))
    modules = fetch_npm(work, NPM) / "@iconify-json"
    if name == "icons":
        return icon_pictures(modules / "flat-color-icons")
    test = (bundled.pictures[row] for row in bundled.rows("emoji", "test"))
    return style_pictures(name, test, svg_style(modules / name))


def stamp_pictures(folder: Path) -> Iterator[Picture]:
    """Yield the raster stamps with their English description, letters and signs left out.

    Args:
        folder: `stamps` of the package, a folder a category; a picture's description is the first line beside it.
    """
    for path in sorted(folder.rglob("*.png")):
        words = path.with_suffix(".txt")
        category = path.relative_to(folder).parts[0]
        if category in _NO_PHOTOGRAPHS or not words.is_file():
            continue
        caption = words.read_text("utf-8").splitlines()[0].strip()
        if caption:
            with Image.open(path) as opened:
                yield _picture("stamps", path.relative_to(folder).as_posix(), opened, (caption,), category)


def style_pictures(style: str, test: Iterable[Picture], draw: Draw) -> Iterator[Picture]:
    """Yield the emoji of the test part once each, drawn in a style that nothing was trained or tuned with.

    Args:
        style: name of the style.
        test: emoji pictures of any style.
        draw: of the style.
    """
    seen = set()
    for one in test:
        code = one.metadata["hexcode"].lower()
        drawn = None if code in seen else draw(code, one.metadata["concept"])
        seen.add(code)
        if drawn is not None:
            yield _picture(style, code, drawn, one.captions, one.metadata["concept"])


def icon_pictures(folder: Path) -> Iterator[Picture]:
    """Yield the icons of a package with their names as captions."""
    icons = json.loads((folder / "icons.json").read_text("utf-8"))
    for name in sorted(icons["icons"]):
        words = name.replace("-", " ")
        yield _picture("icons", name, _drawn(icons, name), (words,), words)


def svg_style(folder: Path) -> Draw:
    """Return what draws an emoji from a package of `@iconify-json`: by its hexcode, or where there are none by name."""
    chars = json.loads((folder / "chars.json").read_text("utf-8"))
    icons = json.loads((folder / "icons.json").read_text("utf-8"))

    def draw(code: str, concept: str) -> Image.Image | None:
        name = name_of(code, chars)
        if not chars:
            name = "-".join(re.findall(r"[a-z0-9]+", concept.lower().replace("\u2019", "")))
        name = icons.get("aliases", {}).get(name, {}).get("parent", name)
        return _drawn(icons, name) if name in icons["icons"] else None

    return draw


def _drawn(icons: dict[str, Any], name: str) -> Image.Image:
    icon = icons["icons"][name]
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    try:
        return rendered(icon["body"], width, height)
    except ImportError:
        raise sde.DataError(
            "the sealed drawings need resvg-py, which is not here: pip install -r benchmarks/evidence/requirements.txt"
        ) from None


def _picture(dataset: str, key: str, drawn: Image.Image, captions: tuple[str, ...], concept: str) -> Picture:
    content = io.BytesIO()
    squared(drawn).save(content, "PNG")
    # A category is no concept: two photographs of one category are two things unless their captions say the same.
    concept = captions[0] if dataset == "stamps" else concept
    return Picture(
        f"{dataset}/{key}", dataset, content.getvalue(), captions, {"concept": concept, "split": ""}
    )


def _known(bundled: Corpus) -> frozenset[str]:
    rows = [*bundled.rows(split="train").tolist(), *bundled.rows(split="val").tolist()]
    return frozenset().union(*(_texts(bundled.pictures[row]) for row in rows))


def _texts(picture: Picture) -> frozenset[str]:
    return frozenset(comparable(line) for line in picture.captions)


def split_of(caption: str) -> str:
    """Return the part of the photographs that a caption belongs to: train (60 %), val (15 %) or test.

    All pictures of one caption are in one part, whatever else is in the set.
    """
    place = int(hashlib.sha256(comparable(caption).encode()).hexdigest()[:8], 16) / 16**8
    return "train" if place < 0.6 else "val" if place < 0.75 else "test"
