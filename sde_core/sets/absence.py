"""What is not known of a set of embeddings, and what that means for those who look at it."""

from collections.abc import Mapping, Sequence

from sde_core.sets.strings import are_arrow, ascend_from_zero

_WORDS = {
    "image": "There are no image vectors: only what needs text vectors alone can be computed.",
    "text": "There are no text vectors: only what needs image vectors alone can be computed.",
    "pictures": "The pictures are not known: captions or ids stand in for them. Give the pairs to see them.",
    "captions": "There are no captions: texts are known by their rows only.",
    "ids": "There are no ids: pictures are known by their rows only.",
    "encoder": "The encoder is not known: new words or pictures cannot be searched for.",
}


def what_is_missing(**there: bool) -> Mapping[str, str]:
    """Return a sentence for each thing that is not there, by its name.

    Args:
        **there: whether it is there, for "image" and "text" vectors, "pictures", "captions", "ids", "encoder". What
            belongs to a modality without vectors is not missed as well.
    """
    needs = {"pictures": "image", "ids": "image", "captions": "text"}
    return {
        name: _WORDS[name]
        for name, is_there in there.items()
        if not is_there and there.get(needs.get(name, ""), True)
    }


def are_row_numbers(ids: Sequence[str]) -> bool:
    """Return whether ids are nothing but row numbers, some of which may be left out.

    >>> are_row_numbers(["0", "1", "3"]), are_row_numbers(["0000", "0001"]), are_row_numbers(["cat", "1"])
    (True, False, False)
    """
    if are_arrow(ids):
        return ascend_from_zero(ids)
    before = -1
    for given in ids:
        if not given.isascii() or not given.isdecimal() or len(given) > 18 or str(int(given)) != given:
            return False
        if int(given) <= before:
            return False
        before = int(given)
    return True
