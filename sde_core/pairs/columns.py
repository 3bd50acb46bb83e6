"""Which column of a table is the image, which are captions, which is the id; the rest is metadata."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sde_core.errors import DataError
from sde_core.pairs.fields import listed_captions
from sde_core.vocabulary import MODALITIES, Modality

IMAGE_COLUMNS = (
    "filepath", "file_path", "filename", "file_name", "image_path", "image_file", "image_name", "image",
    "img_path", "img", "path", "file", "picture",
)  # fmt: skip
"""Names of the column with the image, in the order in which they are looked for; open_clip's comes first."""

CAPTION_COLUMNS = (
    "caption", "captions", "title", "text", "texts", "txt", "sentence", "sentences", "description", "comment"
)  # fmt: skip
"""Names of the column with the caption or captions, in the order in which they are looked for."""

ID_COLUMNS = ("key", "image_id", "uid", "id")
"""Names of the column with the image's id; rows with one id are one image with several captions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a table by their part.

    Attributes:
        image: with the image; "" in a table of captions only.
        captions: with captions, the primary one first; none in a table of images only.
        id: with the image's id; None where the image's name is the id.
    """

    image: str
    captions: tuple[str, ...]
    id: str | None

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What the table has columns for."""
        has = {Modality.IMAGE: bool(self.image), Modality.TEXT: bool(self.captions)}
        return tuple(modality for modality in MODALITIES if has[modality])

    def captions_of(self, record: Mapping[str, object]) -> list[str]:
        """Return the captions of one row, as they stand there."""
        return [text for name in self.captions for text in listed_captions(record.get(name))]

    def metadata_of(self, record: Mapping[str, object]) -> dict[str, object]:
        """Return what is neither image nor caption nor id."""
        used = {self.image, *self.captions, self.id}
        return {name: value for name, value in record.items() if name not in used}


def find_columns(names: Sequence[str], where: str, *, needs_both: bool = True) -> Columns:
    """Return the columns by their names; case, spaces and dashes do not count.

    The first name of each list that is there is taken. Numbered columns (`caption_1`, `caption 2`, `title3`) are
    captions too, by number, after the one without a number; then those of a language (`caption_en`, `text_pt-BR`), in
    their order.

    Args:
        names: of all columns.
        where: what the sentence calls the table.
        needs_both: whether a column for images alone, or for captions alone, is refused.

    Raises:
        DataError: no column for the image, or none for the caption; with ``needs_both`` False neither.

    >>> find_columns(["filepath", "title", "views"], "a.csv")
    Columns(image='filepath', captions=('title',), id=None)
    """
    plain = by_plain_name(names)
    image = next((plain[n] for n in IMAGE_COLUMNS if n in plain), None)
    captions = caption_columns(plain)
    if (image is None or not captions) if needs_both else not (image or captions):
        raise DataError(
            f"{where} must have a column for the picture ({', '.join(IMAGE_COLUMNS[:4])}, ...) and one for the "
            f"caption ({', '.join(CAPTION_COLUMNS[:4])}, ...), named in its first line; "
            f"got {', '.join(map(repr, names[:8])) or 'nothing'}"
        )
    return Columns(
        image=image or "", captions=captions, id=next((plain[n] for n in ID_COLUMNS if n in plain), None)
    )


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a table's columns, each once and none empty: a second `title` is `title 2`.

    >>> distinct_names(["", "path", "title", "title"])
    ('column 1', 'path', 'title', 'title 2')
    """
    found: dict[str, None] = {}
    for place, given in enumerate(names, start=1):
        name = first = given or f"column {place}"
        number = 1
        while name in found or (name != given and name in names):
            number += 1
            name = f"{first} {number}"
        found[name] = None
    return tuple(found)


def by_plain_name(names: Sequence[str]) -> dict[str, str]:
    """Return the names by what is compared: lower case, underscores; the first of equal ones."""
    return {re.sub(r"[\s.-]+", "_", name.strip().lower()): name for name in reversed(names)}


def caption_columns(plain: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns with captions, the primary one first; none if there are none.

    Args:
        plain: from `by_plain_name`.
    """
    for word in CAPTION_COLUMNS:
        numbered = {
            int(m[1]): name for p, name in plain.items() if (m := re.fullmatch(rf"{word}_?(\d{{1,3}})", p))
        }
        found = [plain[word]] if word in plain else []
        found += [numbered[number] for number in sorted(numbered)]
        found += _of_languages(word, plain)
        if found:
            return tuple(found)
    return ()


def _of_languages(word: str, plain: Mapping[str, str]) -> list[str]:
    """Return the columns called as a caption is with a language behind, in the order of the table."""
    named = re.compile(rf"{word}_(?:{_LANGUAGES})(?:_[a-z]{{2,4}})?")
    return [name for p, name in reversed(list(plain.items())) if named.fullmatch(p)]


# ISO 639-1 without the codes that are words or mean something else in a table (caption_id, title_no), and names.
_LANGUAGES = (
    "aa|ab|ae|af|ak|ar|av|ay|az|ba|be|bg|bh|bi|bm|bn|bo|br|bs|ca|ce|ch|co|cr|cs|cu|cv|cy|da|de|dv|dz|ee|el|en|eo|"
    "es|et|eu|fa|ff|fi|fj|fo|fr|fy|ga|gd|gl|gn|gu|gv|ha|he|hi|ho|hr|ht|hu|hy|hz|ia|ig|ii|ik|io|it|iu|ja|jv|ka|"
    "kg|ki|kj|kk|kl|km|kn|ko|kr|ks|ku|kv|kw|ky|la|lb|lg|li|ln|lo|lt|lu|lv|mg|mh|mi|mk|ml|mn|mr|ms|mt|na|nb|nd|ne|ng|nl|"
    "nn|nv|ny|oc|oj|pa|pi|pl|ps|pt|qu|rm|rn|ro|ru|rw|sa|sc|sd|se|sg|si|sk|sl|sm|sn|sq|sr|ss|st|su|sv|sw|"
    "ta|te|tg|th|ti|tk|tl|tn|tr|ts|tt|tw|ty|ug|uk|ur|uz|ve|vi|vo|wa|wo|xh|yi|yo|za|zh|zu|"
    "english|german|french|spanish|italian|portuguese|chinese|japanese|korean|russian|arabic|hindi"
)
