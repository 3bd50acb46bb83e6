"""`check_path` and `sde check`: each oddity is planted and found, and a clean set has none."""

import io
import json

import numpy as np
import pytest
from PIL import Image

import sde_core as sde
from sde_core.cli.main import main
from sde_core.errors import DataError
from sde_core.report.inspection import KINDS, check_path


def _noise(seed: int, size: tuple[int, int] = (64, 64)) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )


def _bytes(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _twelve_bits() -> Image.Image:
    """What a microscope writes: 0 to 4,095 in a file of 16 bits, nearly black as it stands."""
    values = np.random.default_rng(9).integers(0, 4096, (64, 64), dtype=np.uint16)
    values[:32] //= 3
    return Image.fromarray(values)


def _write(folder, rows):
    """Rows of (name, content, caption, split)."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["filepath\ttitle\tsplit"]
    for name, content, caption, split in rows:
        (folder / name).write_bytes(content)
        lines.append(f"{name}\t{caption}\t{split}")
    (folder / "t.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _clean(n: int = 6):
    return [(f"{i}.png", _bytes(_noise(i)), f"a caption of picture {i}", "train") for i in range(n)]


def _kinds(path) -> dict[str, int]:
    return {each.kind: each.count for each in check_path(path).odd}


def test_a_clean_set_has_nothing_odd(tmp_path, capsys):
    folder = _write(tmp_path / "set", _clean())
    report = check_path(folder)
    assert (report.kind, report.format, report.n_images, report.n_texts) == ("pairs", "table", 6, 6)
    assert report.odd == ()
    assert main(["check", str(folder)]) == 0
    assert "nothing odd" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "kind", "count"),
    [
        ([("7.png", _bytes(_noise(0)), "another caption", "train")], "twins", 1),
        ([("7.jpg", _bytes(_noise(0), "JPEG", quality=60), "another one", "train")], "near_duplicates", 1),
        ([("7.png", _bytes(_noise(0).resize((96, 96))), "another one", "train")], "near_duplicates", 1),
        ([("7.png", _bytes(_noise(7)), "a caption of picture 0", "train")], "shared_captions", 1),
        ([("7.png", _bytes(_noise(7)), "x.", "train")], "near_empty_captions", 1),
        ([("7.png", _bytes(_noise(7)), "NaN", "train")], "near_empty_captions", 1),
        ([("7.png", _bytes(_noise(7)), "many words " * 60, "train")], "long_captions", 1),
        ([("7.png", _bytes(_noise(7, (640, 640))), "large", "train")], "mixed_sizes", 1),
        ([("7.png", _bytes(_noise(7, (16, 64))), "small", "train")], "small_pictures", 1),
        ([("7.tif", _bytes(_twelve_bits(), "TIFF"), "dark", "train")], "dark_pictures", 1),
        ([("7.png", _bytes(_noise(0)), "another caption", "test")], "leaks", 1),
        ([("7.png", _bytes(_noise(7)), "a caption of picture 0", "test")], "leaks", 1),
        ([("7.png", b"no picture", "another caption", "train")], "broken_pictures", 1),
        ([("7.png", _bytes(_noise(7)), "", "train")], "skipped", 1),
    ],
)
def test_each_oddity_of_pairs_is_found(tmp_path, capsys, rows, kind, count):
    folder = _write(tmp_path / "set", [*_clean(), *rows])
    assert _kinds(folder)[kind] == count
    assert main(["check", str(folder), "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["is_odd"]
    assert kind in [each["kind"] for each in printed["odd"]]
    assert main(["check", str(folder), "--allow", ",".join(KINDS)]) == 0


def test_different_pictures_are_no_duplicates(tmp_path):
    assert "near_duplicates" not in _kinds(_write(tmp_path / "set", _clean(120)))


def _vectors(n: int = 40, d: int = 16) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)


def test_vectors_with_ties_near_ones_leaks_and_rows_alone(tmp_path):
    image, text = _vectors(), _vectors()[::-1].copy()
    image[7] = image[3]
    image[9] = image[2] * 3 + 1e-4
    text[5] = text[4]
    made = sde.EmbeddingSet(
        image=image,
        text=text,
        links=np.array([(i, i) for i in range(38)]),
        image_ids=tuple(f"p{i}" for i in range(40)),
        captions=tuple(f"caption number {i}" for i in range(40)),
        metadata={"split": np.array(["train"] * 5 + ["test"] * 35)},
    )
    found = {each.kind: each for each in check_path(made.save(tmp_path / "set")).odd}
    assert found["tied_vectors"].count == 2
    assert "image p7 is image p3" in found["tied_vectors"].examples
    assert found["near_duplicates"].examples == ("image p9 is nearly image p2",)
    assert found["unpaired"].count == 4
    assert found["leaks"].examples == (
        "image p7 (test) is image p3 (train)",
        "image p9 (test) is image p2 (train)",
    )
    assert set(found) == {"tied_vectors", "near_duplicates", "unpaired", "leaks"}


def test_vectors_of_one_modality_and_what_cannot_be_opened(tmp_path, capsys):
    np.save(tmp_path / "text.npy", _vectors())
    report = check_path(tmp_path / "text.npy")
    assert (report.kind, report.modalities, report.n_texts, report.odd) == ("vectors", ("text",), 40, ())
    (tmp_path / "x.npy").write_bytes(b"nothing")
    assert main(["check", str(tmp_path / "x.npy")]) == 2
    assert "x.npy" in capsys.readouterr().err
    with pytest.raises(DataError, match="nowhere"):
        check_path(tmp_path / "nowhere")
    assert main(["check", str(tmp_path / "text.npy"), "--allow", "everything"]) == 2


def test_what_two_folders_share_is_a_leak(tmp_path, capsys):
    train = _write(tmp_path / "train", _clean())
    clean = [(f"{i}.png", _bytes(_noise(i)), f"words {i}", "test") for i in range(10, 14)]
    shared = [
        ("same.png", _bytes(_noise(0)), "words of the same file", "test"),
        ("near.jpg", _bytes(_noise(1), "JPEG", quality=60), "words of nearly the same", "test"),
        ("words.png", _bytes(_noise(9)), "a caption of picture 2", "test"),
    ]
    test = _write(tmp_path / "test", [*clean, *shared])
    (odd,) = check_path(test, against=train).odd
    assert (odd.kind, odd.count) == ("leaks", 3)
    assert odd.examples == (
        "same.png is 0.png there",
        "near.jpg is nearly 1.png there",
        "the caption 'a caption of picture 2'",
    )
    assert check_path(_write(tmp_path / "clean", clean), against=train).odd == ()
    assert main(["check", str(test), "--against", str(train)]) == 1
    assert "leaks: 3" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "clean"), "--against", str(train)]) == 0


def test_what_two_sets_of_vectors_share_is_a_leak(tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2, 12, 64)).astype(np.float32)
    train, test = tmp_path / "train", tmp_path / "test"
    for folder, (image, text), first in ((train, rows[:, :6], 0), (test, rows[:, 6:], 6)):
        image, text = image.copy(), text.copy()
        if first:
            image[0] = rows[0, 0] * 3  # the same direction
            text[1] = rows[1, 1] + 1e-3
        folder.mkdir()
        np.save(folder / "image.npy", image)
        np.save(folder / "text.npy", text)
        captions = [f"caption number {first + i}" for i in range(6)]
        (folder / "captions.txt").write_text("\n".join([*captions[:5], "one caption of both"]) + "\n")
    (odd,) = (each for each in check_path(test, against=train).odd if each.kind == "leaks")
    assert odd.count == 3
    assert odd.examples[0].startswith("image ")
    assert odd.examples[2] == "the caption 'one caption of both'"
    assert "leaks" not in _kinds(test)


def test_against_must_be_of_the_same_kind(tmp_path):
    np.save(tmp_path / "text.npy", np.eye(4, dtype=np.float32))
    np.save(tmp_path / "wide_text.npy", np.eye(4, 8, dtype=np.float32))
    folder = _write(tmp_path / "set", _clean())
    with pytest.raises(sde.ConfigError, match=r"against must hold pairs, as .* does; .* holds vectors"):
        check_path(folder, against=tmp_path / "text.npy")
    with pytest.raises(sde.ConfigError, match=r"width 4 .* has 8"):
        check_path(tmp_path / "text.npy", against=tmp_path / "wide_text.npy")
