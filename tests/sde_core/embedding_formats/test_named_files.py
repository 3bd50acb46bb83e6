"""A file that the user named is used or refused, never dropped."""

import numpy as np
import pytest

import sde_core as sde


@pytest.fixture
def pair(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("i", "t"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(5, 4)).astype(np.float32))
    return {"path": tmp_path / "i.npy", "text": tmp_path / "t.npy"}


WORDS = ("cat", "dog", "bird", "fish", "fox")


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("m.tsv", ""),
        ("m.csv", ""),
        ("m.tsv", "word\n"),
        ("m.tsv", "prompt\n"),
        ("m.csv", "word\n"),
        ("m.txt", ""),
    ],
)
def test_one_column_is_the_captions_with_or_without_a_name(pair, tmp_path, name, head):
    (tmp_path / name).write_text(head + "\n".join(WORDS) + "\n")
    assert sde.open_embeddings(**pair, captions=tmp_path / name).captions == WORDS


def test_several_columns_without_a_caption_are_refused_and_can_be_named(pair, tmp_path):
    (tmp_path / "m.tsv").write_text("word\tlabel\n" + "".join(f"{w}\t{i}\n" for i, w in enumerate(WORDS)))
    with pytest.raises(sde.DataError, match=r"must have a column of captions.*it has 'word', 'label'"):
        sde.open_embeddings(**pair, captions=tmp_path / "m.tsv")
    made = sde.open_embeddings(**pair, captions=tmp_path / "m.tsv", columns={"caption": "word"})
    assert made.captions == WORDS


def test_a_table_of_another_length_is_refused(pair, tmp_path):
    (tmp_path / "m.csv").write_text("style,views\n" + "flat,1\n" * 4)
    with pytest.raises(sde.DataError, match=r"m\.csv must have an id for each of 5 rows; it has 4 entries"):
        sde.open_embeddings(**pair, images=tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text("style,views\n" + "flat,1\n" * 5)
    assert sde.open_embeddings(**pair, images=tmp_path / "m.csv").metadata["views"].tolist() == [1] * 5


def test_quotes_are_letters_in_tsv(pair, tmp_path):
    odd = ('5" disk', '"quoted" start', '"all"', "it's", 'a "b" c')
    (tmp_path / "m.tsv").write_text("caption\tlabel\n" + "".join(f"{w}\t1\n" for w in odd))
    assert sde.open_embeddings(**pair, captions=tmp_path / "m.tsv").captions == odd


def test_rows_that_a_quote_swallows_are_seen_by_the_count(pair, tmp_path):
    (tmp_path / "m.csv").write_text('caption\n"cat\ndog"\nbird\nfish\nfox\n')
    with pytest.raises(sde.DataError, match="must have a caption for each of 5 rows"):
        sde.open_embeddings(**pair, captions=tmp_path / "m.csv")
