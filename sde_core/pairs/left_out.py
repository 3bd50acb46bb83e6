"""Files of a sample, in a shard or a folder, that are left because another one is read: said, never silent."""

from collections.abc import Mapping, Sequence


def remarks_on_left(pictures: Mapping[str, str], texts: Mapping[str, str], other: str) -> tuple[str, ...]:
    """Return a sentence for each kind of file that is left.

    Args:
        pictures: suffix -> an example.
        texts: the same of files of captions.
        other: a sample whose JSON holds captions that its text does not; "" where there is none.
    """
    found = []
    if pictures:
        found.append(f"Samples have several pictures: one is read, others are left: {_shown(pictures)}.")
    if texts:
        found.append(
            f"Samples have several files of captions: one is read, others are left: {_shown(texts)}. To read "
            "all, put the captions into one file, one a line."
        )
    if other:
        found.append(f"Captions are read from the text file; the JSON beside has others (first: {other}).")
    return tuple(found)


def are_others(read: Sequence[str], beside: Sequence[str]) -> bool:
    """Return whether captions beside those that are read say something else.

    >>> are_others(["a cat", "a pet"], ["a cat "]), are_others(["a cat"], ["a dog"]), are_others(["a cat"], [])
    (False, True, False)
    """
    words = {" ".join(caption.split()) for caption in read}
    return any(caption.strip() and " ".join(caption.split()) not in words for caption in beside)


def _shown(left: Mapping[str, str]) -> str:
    return ", ".join(f"{suffix} ({name})" for suffix, name in sorted(left.items())[:3])
