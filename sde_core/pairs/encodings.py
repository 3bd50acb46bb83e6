"""In which encoding a text is, by the mark at its beginning."""

import codecs


def encoding_of(head: bytes) -> str:
    r"""Return the encoding that the mark at the beginning names; UTF-8 where there is none.

    >>> encoding_of(b"\xff\xfea\0"), encoding_of(b"a")
    ('utf-16', 'utf-8')
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
