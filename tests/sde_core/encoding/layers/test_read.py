"""Layers of the bundled encoder against its blocks called one by one, and what cannot be read."""

import io

import pytest
import torch
from PIL import Image

import sde_core as sde
from sde_core.encoding.layers.read import read_layers
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.neighbourhoods import two_nn_dimension
from sde_core.geometry.similarity.measures import similarity
from sde_core.spectra.cross_spectrum import compute_cross_spectrum
from sde_core.vocabulary import Modality


@pytest.fixture(scope="module")
def pairs():
    return sde.open_pairs("emoji/test")


@pytest.fixture(scope="module")
def encoder():
    return sde.load_encoder("bundled")


@pytest.fixture(scope="module")
def found(encoder, pairs):
    return read_layers(encoder, pairs, limit=24, batch_size=9, n_permutations=9)


@pytest.fixture(scope="module")
def direct(encoder, pairs):
    """Rows of every layer, by loops over the blocks of both towers."""
    order = torch.randperm(pairs.n_items, generator=torch.Generator().manual_seed(0))[:24].tolist()
    some = [pair for i, pair in enumerate(pairs) if i in order]
    trunk, text = encoder.model.visual.trunk, encoder.model.text
    opened = [Image.open(io.BytesIO(pair.read_image())).convert("RGBA") for pair in some]
    white = [Image.alpha_composite(Image.new("RGBA", x.size, "white"), x).convert("RGB") for x in opened]
    rows = {"image": [], "text": []}
    with torch.inference_mode():
        x = trunk.bn1(trunk.conv_stem(torch.stack([encoder.preprocess(picture) for picture in white])))
        for block in trunk.blocks:
            x = block(x)
            rows["image"].append(x.mean((2, 3)))
        tokens = encoder.tokenizer([pair.captions[0] for pair in some])
        counts = tokens.argmax(1) + 1  # the end of a caption has the largest number
        x, mask = text._embeds(tokens)
        for block in text.transformer.resblocks:
            x = block(x, attn_mask=mask)
            rows["text"].append(
                torch.stack([one[:count].mean(0) for one, count in zip(x, counts, strict=True)])
            )
        rows["image"].append(encoder.encode_pictures(white))
        rows["text"].append(encoder.encode_texts([pair.captions[0] for pair in some]))
    return rows


def test_every_number_of_every_layer_is_that_of_its_rows(found, direct):
    assert [len(found.image), len(found.text)] == [8, 5]
    assert (found.n_items, found.n_sampled, found.skipped) == (24, 24, ())
    for side, other in (("image", "text"), ("text", "image")):
        for layer, rows in zip(found.of(side), direct[side], strict=True):
            assert layer.width == rows.shape[1]
            centred = rows.double() - rows.double().mean(0)
            values = torch.linalg.svdvals(centred)[: len(layer.singular_values)]
            # Batches of other sizes round otherwise, by float32's 1e-6 of the largest entries.
            torch.testing.assert_close(layer.singular_values, values, rtol=1e-3, atol=1e-4 * float(values[0]))
            cross = compute_cross_spectrum(rows, direct[other][-1]).singular_values
            torch.testing.assert_close(layer.cross_values, cross, rtol=1e-3, atol=1e-4 * float(cross[0]))
            assert layer.shared == pytest.approx(similarity(rows, direct[other][-1], "procrustes"), rel=1e-3)
            assert layer.two_nn == pytest.approx(two_nn_dimension(rows), rel=0.02)
    for i, a in enumerate(direct["image"]):
        for j, b in enumerate(direct["text"]):
            assert float(found.agreement.values[i, j]) == pytest.approx(similarity(a, b), abs=1e-3)


def test_some_pairs_by_id_are_read_and_nothing_else(encoder, pairs):
    ids = [pair.id for _, pair in zip(range(20), pairs, strict=False)][3:]
    found = read_layers(encoder, pairs, ids=[*ids, "of another set"], n_permutations=9)
    assert found.n_items == 17
    assert read_layers(encoder, pairs, ids=ids, limit=9, n_permutations=9).n_items == 9
    with pytest.raises(DataError, match="it has none of their 1 ids"):
        read_layers(encoder, pairs, ids=["of another set"])


def test_names_say_where_a_layer_stands(found):
    assert [layer.name for layer in found.text] == [
        *(f"text.transformer.resblocks.{i}" for i in range(4)),
        "output",
    ]
    assert found.image[0].name == "visual.trunk.blocks.0"


def test_progress_counts_items_and_an_exception_of_it_passes(encoder, pairs):
    seen = []

    def stop(progress):
        seen.append((progress.stage, progress.done, progress.total))
        if progress.done >= 8:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        read_layers(encoder, pairs, limit=40, batch_size=4, progress=stop)
    assert seen == [("layers", 4, 40), ("layers", 8, 40)]


@pytest.fixture
def folder(tmp_path):
    for i in range(9):
        Image.new("RGB", (32, 32), (20 * i, 99, 200 - 20 * i)).save(tmp_path / f"{i}.png")
        (tmp_path / f"{i}.txt").write_text(f"a square number {i}")
    return tmp_path


def test_what_cannot_be_read_is_left_out_and_named(folder, tiny_encoder_folder):
    (folder / "3.png").write_bytes(b"\x89PNG no picture")
    encoder = sde.load_encoder(str(tiny_encoder_folder))
    found = read_layers(encoder, sde.open_pairs(str(folder)), n_permutations=9)
    assert found.n_items == 8
    assert [item.item for item in found.skipped] == ["3"]
    (folder / "4.png").write_bytes(b"\x89PNG no picture")
    with pytest.raises(DataError, match=r"at least 8 usable items .* got 7, 2 were skipped; the first: 3"):
        read_layers(encoder, sde.open_pairs(str(folder)))


def test_pictures_alone_have_layers_and_nothing_to_agree_with(folder, tiny_encoder_folder):
    for text in folder.glob("*.txt"):
        text.unlink()
    encoder = sde.load_encoder(str(tiny_encoder_folder))
    found = read_layers(encoder, sde.open_pairs(str(folder)))
    assert (len(found.image), found.text, found.agreement) == (2, (), None)
    assert found.of(Modality.IMAGE)[0].shared is None


def test_settings_out_of_range_are_refused(encoder, pairs):
    for wrong in ("limit", "n_sampled", "batch_size"):
        with pytest.raises(ConfigError, match=f"{wrong} must be at least"):
            read_layers(encoder, pairs, **{wrong: 0})
