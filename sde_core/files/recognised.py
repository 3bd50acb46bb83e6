"""What bytes that no reader takes are, by how they begin, and what to do about it."""

_STARTS = (
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself: run git lfs pull where it comes from"),
    (b"/annex/objects", "a pointer of git-annex, not the file itself: run git annex get where it comes from"),
    (b"../../.git/annex", "a pointer of git-annex, not the file itself: run git annex get where it comes from"),
    (b"<!doctype html", "a web page, as servers send in place of a file: download it again"),
    (b"<html", "a web page, as servers send in place of a file: download it again"),
    (b"<svg", "an SVG drawing: render it to PNG"),
    (b"<?xml", "XML, such as an SVG drawing: render that to PNG"),
    (b"%pdf", "a PDF: save its pages as PNG"),
    (b"%!ps", "PostScript, which only another program draws: save it as PNG"),
    (b"\xff\x0a", "JPEG XL: convert it to PNG or JPEG"),
    (b"\0\0\0\x0cjxl ", "JPEG XL: convert it to PNG or JPEG"),
    (b"8bps", "a Photoshop file: export it as PNG"),
    (b"\x1f\x8b", "compressed by gzip: gunzip it"),
    (b"bzh", "compressed by bzip2: bunzip2 it"),
    (b"\xfd7zxz\0", "compressed by xz: unxz it"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard: unzstd it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (b"rar!\x1a\x07", "a RAR archive: unpack it"),
    (b"\x89hdf", "HDF5: np.save its arrays"),
    (b"matlab 5.0", "a MATLAB file: np.save what scipy.io.loadmat reads"),
    (b"arrow1", "an Arrow or Feather file: write its table as parquet"),
    (b"gguf", "GGUF, which holds weights for llama.cpp: name the checkpoint that it was made from"),
    (b"sqlite format 3", "a database of SQLite: write its table as parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Office file: save its table as CSV"),
)  # fmt: skip
_HEIF = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}


def recognised(start: bytes) -> str:
    """Return what a file is by its first bytes, with the remedy; "" where nothing is known of it.

    >>> recognised(b""), recognised(b"version https://git-lfs.github.com/spec/v1")[:19], recognised(b"text")
    ('empty: it has no bytes; copy it again', 'a pointer of Git LF', '')
    """
    if not start:
        return "empty: it has no bytes; copy it again"
    if not start[:64].strip(b"\0"):
        return (
            "DICOM: save it as PNG" if start[128:132] == b"DICM" else "zeros, as an interrupted copy leaves"
        )
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF:
        return "HEIC, which needs a decoder that Pillow lacks: convert it to JPEG or PNG"
    lower = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower() or start[:64]
    return next((what for magic, what in _STARTS if lower.startswith(magic) or start.startswith(magic)), "")
