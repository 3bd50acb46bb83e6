"""Pairs and vectors as datasets, webdataset and sentence-transformers write them, by their own code."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from safetensors.numpy import save_file

import sde_core as sde
from sde_core.pairs.image import decode_image
from tests.clients.programs import program

CAPTIONS = [f"a picture of number {i}" for i in range(9)]


def pictures():
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)) for _ in CAPTIONS]


def check(pairs):
    """Captions, pixels and number are those that were written, in order; return the largest difference of a pixel."""
    found = list(pairs)
    assert len(pairs) == len(found) == len(CAPTIONS)
    assert [pair.captions[0] for pair in found] == CAPTIONS
    for pair, picture in zip(found, pictures(), strict=True):
        np.testing.assert_array_equal(np.asarray(decode_image(pair.read_image())), np.asarray(picture))
    return max(
        np.abs(np.asarray(decode_image(pair.read_image()), int) - np.asarray(picture, int)).max()
        for pair, picture in zip(found, pictures(), strict=True)
    )


@pytest.mark.parametrize("form", ["saved", "parquet", "imagefolder"])
def test_datasets_of_hugging_face(tmp_path, compared, form):
    datasets = program("datasets")
    made = datasets.Dataset.from_dict({"image": pictures(), "caption": CAPTIONS})
    if form == "saved":
        made.save_to_disk(str(tmp_path / "set"))
    elif form == "parquet":
        (tmp_path / "set").mkdir()
        made.to_parquet(str(tmp_path / "set" / "data.parquet"))
    else:
        folder = tmp_path / "set"
        folder.mkdir()
        rows = [f"{i}.png,{words}" for i, words in enumerate(CAPTIONS)]
        (folder / "metadata.csv").write_text("\n".join(["file_name,caption", *rows]))
        for i, picture in enumerate(pictures()):
            picture.save(folder / f"{i}.png")
        again = datasets.load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
        assert again["train"]["caption"] == CAPTIONS  # it is an imagefolder to them, too
    compared("datasets", f"pixels and captions of {form}", check(sde.open_pairs(tmp_path / "set")))


def test_vectors_that_a_dataset_got_by_map(tmp_path, compared):
    datasets = program("datasets")
    encoder = sde.load_encoder("bundled")
    made = datasets.Dataset.from_dict({"image": pictures(), "caption": CAPTIONS}).map(
        lambda rows: {
            "image_embedding": encoder.encode_pictures(rows["image"]).numpy(),
            "text_embedding": encoder.encode_texts(rows["caption"]).numpy(),
        },
        batched=True,
    )
    made.remove_columns("image").to_parquet(str(tmp_path / "vectors.parquet"))
    opened = sde.open_embeddings(tmp_path / "vectors.parquet")
    assert opened.captions == tuple(CAPTIONS)
    again = encoder.encode_pictures(pictures()).numpy()
    np.testing.assert_allclose(opened.image, again, atol=1e-6)
    compared("datasets", "vectors of a column that map made", np.abs(opened.image - again).max())


@pytest.mark.parametrize("names", [("jpg", "txt"), ("image.png", "caption.txt")])
def test_shards_of_webdataset(tmp_path, compared, names):
    webdataset = program("webdataset")
    image, text = names
    with webdataset.ShardWriter(str(tmp_path / "part-%03d.tar"), maxcount=4, verbose=0) as shards:
        for i, (picture, words) in enumerate(zip(pictures(), CAPTIONS, strict=True)):
            shards.write({"__key__": f"{i:05d}", image: picture, text: words, "cls": i % 3})
    pairs = sde.open_pairs(tmp_path)
    theirs = webdataset.WebDataset(sorted(map(str, tmp_path.glob("*.tar"))), shardshuffle=False)
    read = list(theirs.decode("pil").to_tuple(image, text))
    assert [pair.captions[0] for pair in pairs] == [words for _, words in read] == CAPTIONS
    for pair, (picture, _) in zip(pairs, read, strict=True):
        ours = np.asarray(decode_image(pair.read_image()))
        np.testing.assert_array_equal(ours, np.asarray(picture))
        apart = np.abs(ours.astype(int) - np.asarray(picture, int)).max()
        compared("webdataset", f"pixels and captions of {image} + {text}, as it reads them", apart)


@pytest.mark.parametrize("form", ["npy", "parquet", "safetensors", "faiss"])
def test_sentence_vectors_are_a_set_of_texts(tmp_path, compared, clip_folder, form):
    library = program("sentence_transformers")
    from sentence_transformers.sentence_transformer.modules import CLIPModel

    model = library.SentenceTransformer(modules=[CLIPModel(str(clip_folder))], device="cpu")
    vectors = model.encode(CAPTIONS)
    path = tmp_path / f"text.{form}"
    if form == "npy":
        np.save(path, vectors)
    elif form == "parquet":
        program("datasets").Dataset.from_dict({"sentence": CAPTIONS, "embedding": list(vectors)}).to_parquet(
            str(path)
        )
        assert pq.read_schema(path).names == ["sentence", "embedding"]
    elif form == "safetensors":
        save_file({"text": vectors}, path)
    else:
        faiss = program("faiss")
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        faiss.write_index(index, str(path))
    made = sde.open_embeddings(path)
    assert made.modalities == ("text",)
    np.testing.assert_array_equal(made.text, vectors)
    model.save(str(tmp_path / "model"))
    theirs = sde.load_encoder(tmp_path / "model").encode_texts(CAPTIONS).numpy()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(theirs, unit, atol=1e-5)
    compared("sentence-transformers", f"its vectors in {form}", np.abs(made.text - vectors).max())
    compared("sentence-transformers", "vectors of its CLIP as an encoder here", np.abs(theirs - unit).max())
