"""Open Clip Art Library 0.18: drawings by many people, with the titles that they gave them."""

import gzip
import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageStat

from data.pairs.recipe.sample import Sample, as_webp, pixel_digest, squared

MAX_SIDE = 4_000  # one picture has 623 megapixels

# Icon themes, playing cards and generators: hundreds of files with one title.
_DROPPED_FOLDERS = (
    "computer/icons/etiquette-theme", "computer/icons/flat-theme", "computer/icons/lemon-theme",
    "recreation/games/cards", "shapes/stars", "unsorted/duplicates", "people/clothing/pantyhose",
    "special/gradients", "special/examples",
)  # fmt: skip
_COLLECTION = re.compile(
    r"clip ?art|\btheme\b|collection|\bset\b|open clip|untitled|^part of|svg|symbol signs|\bicons?\b|"
    r"elements?$|^new document|^drawing|^image\d*$|^picture\d*$|\bpack\b|connectors$|^shapes?$|"
    r"hash\(|@|http|www\.",
    re.IGNORECASE,
)
_JUNK = re.compile(
    r"\b(?:I|my|me|you|your)\b|hash\(0x|@|http|www\.|public domain|^\W*$|inkscape|sodipodi|this file|sexy",
    re.IGNORECASE,
)
_JUNK_TAGS = frozenset(
    {"hash", "theme", "icon", "icons", "unsorted", "clipart", "clip art", "svg", "unchecked"}
)
# Two prolific authors gave Italian and French titles; the captions here are English.
_OTHER_LANGUAGES = ("rollandin", "guillou")
_MOST_USES = 12  # a title that more files share names a series, not a picture


@dataclass(frozen=True)
class _Drawing:
    path: Path
    title: str
    description: str
    subjects: tuple[str, ...]


def clipart_samples(folder: Path) -> Iterator[Sample]:
    """Yield the useful drawings.

    Args:
        folder: `usr/share/openclipart` with `png/` and `svg/`.
    """
    drawings = [d for path in sorted((folder / "svg").rglob("*.svg*")) if (d := _drawing(path, folder))]
    uses = Counter(d.title.lower() for d in drawings)
    stories = Counter(d.description for d in drawings)  # one text for a whole series tells nothing
    seen: set[str] = set()
    for drawing in drawings:
        if uses[drawing.title.lower()] > _MOST_USES:
            continue
        picture = _picture(folder / "png" / drawing.path.with_suffix(".png"))
        if picture is None or (digest := pixel_digest(picture)) in seen:
            continue
        seen.add(digest)
        yield _sample(drawing, picture, tells=stories[drawing.description] <= 3)


def _sample(drawing: _Drawing, picture: Image.Image, *, tells: bool) -> Sample:
    captions = [drawing.title]
    if drawing.description and tells:
        captions.append(drawing.description)
    elif drawing.subjects:
        captions.append(f"{drawing.title}: {', '.join(drawing.subjects)}")
    parts = drawing.path.parts
    return Sample(
        key="clipart-" + re.sub(r"[^A-Za-z0-9]+", "_", str(drawing.path.with_suffix(""))).strip("_"),
        captions=captions,
        webp=as_webp(picture),
        related=[],
        metadata={
            "concept": drawing.title,
            "group": parts[0],
            "subgroup": "/".join(parts[:-1]),
            "style": "clipart",
            "source": "openclipart 0.18",
            "license": "public domain",
        },
    )


def _drawing(path: Path, folder: Path) -> _Drawing | None:
    relative = path.relative_to(folder / "svg")
    if str(relative.parent).startswith(_DROPPED_FOLDERS):
        return None
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".svgz" else content).decode("utf-8", "replace")
    titles, creators = _fields(text, "title"), _fields(text, "creator") + _fields(text, "publisher")
    title = _clean_title(titles[0]) if titles else ""
    words = title.split()
    if not 1 <= len(words) <= 12 or len(title) < 3 or len(re.findall("[A-Za-z]", title)) < 3:
        return None
    if any(name in c.lower() for c in creators for name in _OTHER_LANGUAGES):
        return None
    if (
        _COLLECTION.search(title)
        or _JUNK.search(title)
        or re.search("[�Ã]", title)
        or any(_names_author(title, c) for c in [*creators, *titles[2:3]])
    ):
        return None
    return _Drawing(relative, title, _description(text, title), _subjects(text, title))


def _fields(text: str, tag: str) -> list[str]:
    found = re.findall(rf"<dc:{tag}[^>]*>(.*?)</dc:{tag}>", text, re.DOTALL)
    return [" ".join(html.unescape(html.unescape(re.sub(r"<[^>]+>", " ", x))).split()) for x in found]


def _clean_title(title: str) -> str:
    words = re.sub(r"[_]+", " ", title)
    words = re.sub(r"\.(svg|png)$", "", words, flags=re.IGNORECASE)
    words = re.sub(r"\s*[-#(]*\s*\d+\s*\)?$", "", words)  # trailing numbering
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", words)
    return " ".join(words.split()).strip(" -.,:;\"'")


def _names_author(title: str, author: str) -> bool:
    name = author.lower().split("[")[0].strip()
    return len(name) > 3 and name not in ("open clip art library", "public domain") and name in title.lower()


def _description(text: str, title: str) -> str:
    for found in _fields(text, "description"):
        sentence = re.split(r"(?<=[.!?])\s", found)[0].strip()
        tells = 8 <= len(sentence) <= 160 and len(sentence.split()) >= 3 and not _JUNK.search(sentence)
        if tells and sentence.lower() != title.lower():
            return sentence
    return ""


def _subjects(text: str, title: str) -> tuple[str, ...]:
    found = " ".join(_fields(text, "subject"))
    tags = [t.replace("_", " ").strip(",;. ") for t in found.split()]
    good = [t for t in tags if len(t) > 2 and not _JUNK.search(t) and t.lower() not in _JUNK_TAGS]
    return tuple(dict.fromkeys(t for t in good if t.lower() != title.lower()))[:8]


def _picture(path: Path) -> Image.Image | None:
    """Return the drawing on its white square; None if it is missing, too large or all but blank."""
    if not path.is_file():
        return None
    Image.MAX_IMAGE_PIXELS = None  # the size is checked here, from the header alone
    with Image.open(path) as source:
        if max(source.size) > MAX_SIDE:
            return None
        try:
            picture = squared(_without_margin(source.convert("RGBA")))
        except (OSError, SyntaxError):
            return None
    return picture if max(ImageStat.Stat(picture).stddev) > 6 else None


def _without_margin(layer: Image.Image) -> Image.Image:
    """Return the part that is not transparent, with a small margin; white paint stays (Japan's flag)."""
    box = layer.getchannel("A").point(lambda v: 255 * (v > 8)).getbbox()
    if box is None:
        return layer
    margin = round(0.03 * max(box[2] - box[0], box[3] - box[1]))
    left, top = max(0, box[0] - margin), max(0, box[1] - margin)
    return layer.crop((left, top, min(layer.width, box[2] + margin), min(layer.height, box[3] + margin)))
