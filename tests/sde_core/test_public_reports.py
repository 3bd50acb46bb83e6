"""Public bug reports of people who do this job, each as the small input that shows it; the right value beside it.

Neighbours of each kind are tested where its reader is. Issues are of GitHub, as they were looked up.
"""

import io
import json
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

import sde_core as sde
from sde_core.cli.main import main
from sde_core.pairs.image import decode_image
from sde_core.training.open_clip_files import write_open_clip
from tests.fixtures import TINY_CONFIG


def picture(colour=(200, 30, 30), kind="JPEG", size=(32, 32), **options):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)
    return out.getvalue()


def tar(path, *members):
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            content = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def unit(n, d=8, seed=0):
    rows = np.random.default_rng(seed).standard_normal((n, d)).astype("f4")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_an_export_keeps_the_tags_activation(tmp_path, monkeypatch):
    """open_clip #771, #915, timm #2031."""
    import open_clip
    import open_clip.factory
    import open_clip.pretrained

    (tmp_path / "Reported.json").write_text(json.dumps(TINY_CONFIG["model_cfg"]))
    open_clip.add_model_config(tmp_path / "Reported.json")
    model = open_clip.create_model("Reported", force_quick_gelu=True).eval()
    for weight in model.parameters():
        if weight.ndim > 1:
            weight.data.mul_(3)
    torch.save(model.state_dict(), tmp_path / "w.pt")
    monkeypatch.setattr(open_clip.factory, "download_pretrained", lambda *a, **k: str(tmp_path / "w.pt"))
    tag = {"url": "", "hf_hub": "", "quick_gelu": True, "mean": (0.5,) * 3, "std": (0.5,) * 3}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "Reported", {"openai": tag})
    encoder = sde.load_encoder("Reported/openai", device="cpu")
    folder = write_open_clip(encoder.model, encoder, tmp_path / "out")
    assert json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]["quick_gelu"] is True
    size = TINY_CONFIG["model_cfg"]["vision_cfg"]["image_size"]
    pictures = torch.rand(4, 3, size, size, generator=torch.Generator().manual_seed(0))
    again = sde.load_encoder(folder, device="cpu").encode_images(pictures)
    torch.testing.assert_close(again, encoder.encode_images(pictures), atol=1e-6, rtol=0)


def test_a_mask_is_not_the_picture(tmp_path):
    """webdataset #20, #319."""
    tar(
        tmp_path / "a.tar",
        ("0.jpg", picture()),
        ("0.seg.png", picture((0, 0, 0), "PNG")),
        ("0.txt", "a red square"),
    )
    (pair,) = sde.open_pairs(tmp_path)
    assert decode_image(pair.read_image()).getpixel((5, 5))[0] > 190


def test_a_caption_file_that_was_named_is_used(tmp_path):
    """pytorch #38564, tensorflow #6026, #9330."""
    np.save(tmp_path / "i.npy", unit(5))
    np.save(tmp_path / "t.npy", unit(5, seed=1))
    words = ("cat", "dog", "bird", "fish", "fox")
    for text in ("\n".join(words) + "\n", "label\n" + "\n".join(words) + "\n", "prompt\n" + "\n".join(words)):
        (tmp_path / "m.tsv").write_text(text)
        made = sde.open_embeddings(tmp_path / "i.npy", text=tmp_path / "t.npy", captions=tmp_path / "m.tsv")
        assert made.captions == words


def test_literal_quotes_in_a_tsv_are_letters(tmp_path):
    """tensorflow #9330."""
    np.save(tmp_path / "i.npy", unit(3))
    np.save(tmp_path / "t.npy", unit(3, seed=1))
    words = ('5" disk', '"quoted" start', "plain")
    (tmp_path / "m.tsv").write_text("caption\tn\n" + "".join(f"{w}\t{i}\n" for i, w in enumerate(words)))
    made = sde.open_embeddings(tmp_path / "i.npy", text=tmp_path / "t.npy", captions=tmp_path / "m.tsv")
    assert made.captions == words


def test_captions_that_differ_behind_the_context_are_said(tmp_path, capsys):
    """ultralytics #22647, openai/CLIP #187, #212, #468, open_clip #730."""
    start = (
        "This detailed photograph of a busy street market in the early morning shows many stalls with fruit, "
        * 6
    )
    rows = ["filepath\ttitle"]
    for i, end in enumerate(("a cat sits left", "a dog runs right", "a bird")):
        (tmp_path / f"{i}.jpg").write_bytes(picture((60 * i, 30, 30)))
        rows.append(f"{i}.jpg\t{start}{end}")
    (tmp_path / "t.tsv").write_text("\n".join(rows) + "\n")
    made = sde.encode_pairs(sde.load_encoder("bundled", device="cpu"), sde.open_pairs(tmp_path))
    assert any("3" in remark and "longer" in remark for remark in made.remarks), made.remarks
    assert main(["check", str(tmp_path)]) == 1
    assert "long_captions: 3" in capsys.readouterr().out


def test_each_picture_there_twice_is_found_half_of_the_time():
    """VectorDBBench #357, big-ann-benchmarks #59, #74."""
    image = np.repeat(unit(20), 2, 0)
    text = image + 1e-3 * unit(40, seed=9)
    metrics = sde.retrieval_metrics(image, text, np.arange(40))
    assert metrics["image_retrieval_recall@1"] == pytest.approx(0.5)
    flat = sde.retrieval_metrics(np.ones((20, 4)), np.ones((20, 4)), np.arange(20))
    assert flat["image_retrieval_recall@10"] == pytest.approx(0.5)


def test_a_dot_in_a_name_is_a_name(tmp_path):
    """webdataset #237, datasets #7150."""
    members = [
        ("22.05.png", picture(kind="PNG")),
        ("22.05.txt", "one"),
        ("img.v1.jpg", picture()),
        ("img.v1.txt", "two"),
    ]
    tar(tmp_path / "a.tar", *members)
    pairs = sde.open_pairs(tmp_path)
    assert [pair.captions for pair in pairs] == [("one",), ("two",)]
    assert pairs.skipped == ()


def test_absolute_paths_of_another_machine_have_a_root(tmp_path):
    """open_clip #144, #1083."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "lists").mkdir()
    for i in range(2):
        (tmp_path / "pictures" / f"{i}.jpg").write_bytes(picture())
    (tmp_path / "lists/train.csv").write_text(
        "filepath,title\nE:\\data\\pictures\\0.jpg,a\n/mnt/pictures/1.jpg,b\n"
    )
    pairs = sde.open_pairs(tmp_path / "lists/train.csv", image_root=tmp_path / "pictures")
    assert [pair.captions[0] for pair in pairs] == ["a", "b"]


def test_int8_vectors_name_their_remedy(tmp_path):
    """sentence-transformers #2837, #3121."""
    whole = {"image": (unit(4) * 127).astype("i1"), "text": (unit(4, seed=1) * 127).astype("i1")}
    np.savez(tmp_path / "i.npz", **whole)
    with pytest.raises(sde.DataError, match="scale"):
        sde.open_embeddings(tmp_path / "i.npz")
    np.savez(tmp_path / "s.npz", **whole, scale=np.float32(1 / 127))
    np.testing.assert_allclose(sde.open_embeddings(tmp_path / "s.npz").image, whole["image"] / 127, rtol=1e-6)


def test_parts_are_read_in_the_order_of_their_numbers(tmp_path):
    """clip-retrieval #213, #268: by their letters part 10 would come before part 2."""
    parts = {number: unit(2, seed=number) for number in (0, 1, 2, 10)}
    for number, rows in parts.items():
        for side in ("img", "text"):
            (tmp_path / f"{side}_emb").mkdir(exist_ok=True)
            np.save(tmp_path / f"{side}_emb" / f"{side}_emb_{number}.npy", rows)
        (tmp_path / "metadata").mkdir(exist_ok=True)
        words = [f"caption {number}.{row}" for row in range(2)]
        table = pa.table({"key": [f"{number}-{row}" for row in range(2)], "caption": words})
        pq.write_table(table, tmp_path / "metadata" / f"metadata_{number}.parquet")
    made = sde.open_embeddings(tmp_path)
    assert list(made.image_ids) == [f"{number}-{row}" for number in (0, 1, 2, 10) for row in range(2)]
    np.testing.assert_allclose(made.image, np.concatenate(list(parts.values())))
    assert made.captions[-1] == "caption 10.1"


@pytest.mark.parametrize("nested", [False, True])
def test_a_checkpoint_of_a_coca_gives_its_vectors(tmp_path, nested):
    """open_clip #915: a captioner's towers are an encoder, also from a checkpoint of a training."""
    import open_clip

    size = TINY_CONFIG["model_cfg"]["embed_dim"]
    config = {
        **TINY_CONFIG["model_cfg"],
        "vision_cfg": {**TINY_CONFIG["model_cfg"]["vision_cfg"], "attentional_pool": True, "attn_pooler_heads": 2,
                       "output_tokens": True},
        "text_cfg": {**TINY_CONFIG["model_cfg"]["text_cfg"], "embed_cls": True, "output_tokens": True},
        "multimodal_cfg": {"width": size, "layers": 1, "heads": 2, "context_length": 16},
        "custom_text": True,
    }  # fmt: skip
    (tmp_path / "coca_Reported.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path / "coca_Reported.json")
    model = open_clip.create_model("coca_Reported").eval()
    state = model.state_dict()
    if nested:
        state = {"epoch": 2, "state_dict": {f"module.{k}": v for k, v in state.items()}, "optimizer": {}}
    torch.save(state, tmp_path / "w.pt")
    encoder = sde.load_encoder("coca_Reported", pretrained=tmp_path / "w.pt")
    pictures = torch.rand(3, 3, 32, 32)
    wanted = torch.nn.functional.normalize(model.encode_image(pictures), dim=-1)
    torch.testing.assert_close(encoder.encode_images(pictures), wanted.detach(), rtol=1e-5, atol=1e-5)


def test_a_parquet_column_of_tensors_is_vectors(tmp_path):
    """ClickHouse #68209, arrow-go #855."""
    kind = pa.fixed_shape_tensor(pa.float32(), [8])
    columns = [
        pa.ExtensionArray.from_storage(kind, pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), 8))
        for rows in (unit(4), unit(4, seed=1))
    ]
    pq.write_table(pa.table(columns, names=["image_embedding", "text_embedding"]), tmp_path / "v.parquet")
    np.testing.assert_array_equal(sde.open_embeddings(tmp_path / "v.parquet").image, unit(4))


def test_a_picture_is_turned_as_its_camera_says():
    """AdaFace #163, dataset-viewer PR 2605, datasets PR 6739, diffusers PR 3465."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_image(picture(size=(40, 20), exif=exif)).size == (20, 40)


def test_copies_of_a_system_are_no_pairs(tmp_path):
    """OpenNeuro #2520, SynthTabNet #15, DALI_extra PR 122."""
    (tmp_path / ".ipynb_checkpoints").mkdir()
    for name in ("b.Jpeg", "d.jPg", ".ipynb_checkpoints/b-checkpoint.jpg"):
        (tmp_path / name).write_bytes(picture())
    for name in ("b.txt", "d.txt", "._b.txt", ".ipynb_checkpoints/b-checkpoint.txt"):
        (tmp_path / name).write_text("a caption")
    (tmp_path / "._b.jpg").write_bytes(b"\0")
    pairs = sde.open_pairs(tmp_path)
    assert [pair.id for pair in pairs] == ["b", "d"]
    assert pairs.find("b").id == "b"


def test_a_large_mean_hides_no_small_spread():
    """scikit-learn PR 12338, #5950."""
    rows = (np.random.default_rng(0).standard_normal((200_000, 4)) * 1e-2 + 1e3).astype("f4")
    wanted = np.linalg.svd(rows.astype("f8") - rows.astype("f8").mean(0), compute_uv=False)
    spectrum = sde.compute_spectrum(rows)
    assert spectrum.rank == 4
    np.testing.assert_allclose(spectrum.singular_values.numpy(), wanted, rtol=1e-5)


def test_names_of_classes_and_both_kinds_of_templates(tmp_path):
    """CLIP_benchmark PR 98."""
    (tmp_path / "test").mkdir()
    (tmp_path / "test/nshards.txt").write_text("1")
    tar(
        tmp_path / "test/0.tar",
        *[m for i in range(3) for m in ((f"{i}.jpg", picture()), (f"{i}.cls", str(i)))],
    )
    (tmp_path / "classnames.txt").write_text("crane\nfood, drink\na {thing}\n")
    (tmp_path / "zeroshot_classification_templates.txt").write_text("a photo of a {c}.\na drawing of {}\n")
    classes = sde.open_pairs(tmp_path).classification
    assert classes.classnames == ("crane", "food, drink", "a {thing}")
    assert classes.templates == ("a photo of a {c}.", "a drawing of {c}")


def test_the_name_bundled_is_a_name_of_an_encoder(tmp_path, capsys):
    """Found on the way: a set that does not say who made it."""
    made = sde.open_embeddings("clipart/val")
    sde.EmbeddingSet.save(made, tmp_path / "set")
    words = ["evaluate", "--embeddings", str(tmp_path / "set"), "--task", "zeroshot_classification", "--json"]
    assert main([*words, "--label-column", "group", "--model", "bundled", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["metrics"]["acc1"] > 0.1
