"""Training what belongs to an encoder: what moves, what stays, and that open_clip loads what comes out."""

from dataclasses import replace

import numpy as np
import open_clip
import pytest
import torch

import sde_core as sde
from sde_core import ConfigError, EncoderError, FinetuneConfig, LossConfig
from sde_core.cli.main import main
from sde_core.sets.claimed_encoder import with_agreement
from sde_core.training import Done, Metrics, Started, Step
from sde_core.training.projections import find_projection
from sde_core.training.towers import Towers

CONFIG = FinetuneConfig(steps=6, batch_size=16, learning_rate=1e-2, evaluate_every=3, device="cpu")
KINDS = {
    "adapter": {"train": "adapter"},
    "heads": {"train": "heads"},
    "last-block": {"train": "last-block", "unlocked_groups": 1},
    "full": {"train": "full", "loss": LossConfig(name="siglip")},
    "lora": {"train": "full", "lora_rank": 2, "learning_rate": 5e-2},
}


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tiny_encoder, shape_shard, tmp_path_factory):
    """The events of one uninterrupted training of each kind, and its folder."""
    output = tmp_path_factory.mktemp("out")
    config = replace(CONFIG, **KINDS[request.param])
    before = tiny_encoder.model.state_dict()
    kept = {name: tensor.clone() for name, tensor in before.items()}
    events = list(sde.finetune(sde.open_pairs(shape_shard), config, encoder=tiny_encoder, output=output))
    assert isinstance(events[-1], Done), events[-1]
    for name, tensor in tiny_encoder.model.state_dict().items():
        assert torch.equal(tensor, kept[name]), f"{name} of the caller's encoder was changed"
    return request.param, config, events, output


def test_plain_open_clip_loads_the_result_and_gives_its_vectors(trained, shape_shard):
    _, _, events, output = trained
    done = events[-1]
    assert done.encoder_folder == output / "open_clip"
    name = f"local-dir:{done.encoder_folder}"
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    tokenizer = open_clip.get_tokenizer(name)
    pairs = sde.open_pairs(shape_shard)
    pictures = [sde.pairs.decode_image(pairs.find(i).read_image()) for i in done.result.image_ids]
    with torch.no_grad():
        image = model.eval().encode_image(torch.stack([preprocess(p) for p in pictures]), normalize=True)
        text = model.encode_text(tokenizer(list(done.result.captions)), normalize=True)
    np.testing.assert_allclose(image.numpy(), done.result.image, atol=2e-5)
    np.testing.assert_allclose(text.numpy(), done.result.text, atol=2e-5)
    assert done.result.provenance.encoder == str(done.encoder_folder)
    assert done.result.provenance.weights_sha256 == sde.load_encoder(done.encoder_folder).weights_sha256
    weights = done.encoder_folder / "open_clip_model.safetensors"
    again = open_clip.load_checkpoint(open_clip.create_model(name, load_weights=False), str(weights))
    assert not again.missing_keys
    assert not again.unexpected_keys


def test_what_was_trained_on_is_said_of_the_set_and_beside_its_numbers(
    trained, shape_shard, tiny_encoder_folder, capsys
):
    kind, _, events, _ = trained
    done = events[-1]
    said = f"Its encoder was trained on {events[0].n_train} of its {done.result.n_images} pictures"
    assert said in with_agreement(done.result).remarks[-1]
    if kind == "heads":
        assert main(["evaluate", str(shape_shard), "--model", str(done.encoder_folder)]) == 0
        assert said in " ".join(capsys.readouterr().err.split())
        assert main(["evaluate", str(shape_shard), "--model", str(tiny_encoder_folder)]) == 0
        assert "Nothing here says what" in " ".join(capsys.readouterr().err.split())


def test_only_what_is_trained_moves(trained, tiny_encoder):
    kind, _, events, output = trained
    after = sde.load_encoder(output / "open_clip").model.state_dict()
    moved = {n for n, x in tiny_encoder.model.state_dict().items() if not torch.equal(x, after[n])}
    projections = {"visual.proj", "text_projection", "logit_scale"}
    if kind in ("adapter", "heads", "last-block"):
        assert moved == projections
    elif kind == "full":
        # Pad tokens aside, everything has a gradient; tokens that no caption holds do not decay apart.
        assert moved == set(after) - {"logit_bias"}
        assert float(after["logit_bias"]) != -10.0
    else:
        assert {"visual.transformer.resblocks.0.mlp.c_fc.weight", "logit_scale"} <= moved
        assert not {"visual.proj", "token_embedding.weight", "visual.conv1.bias"} & moved
    started = events[0]
    assert isinstance(started, Started)
    assert (started.n_train, started.n_val) == (40, 8)


def test_it_learns_the_training_pairs(trained):
    _, _, events, _ = trained
    losses = [e.loss for e in events if isinstance(e, Step)]
    assert losses[-1] < losses[0]


def test_resumed_is_bitwise_uninterrupted(trained, tiny_encoder, shape_shard, tmp_path):
    _, config, events, _ = trained
    pairs = sde.open_pairs(shape_shard)
    stream = sde.finetune(pairs, config, encoder=tiny_encoder, output=tmp_path)
    for event in stream:
        if isinstance(event, Step) and event.step == 4:
            break
    stream.close()
    rest = list(
        sde.finetune(pairs, encoder=tiny_encoder, output=tmp_path, resume=tmp_path / "last.safetensors")
    )
    assert rest[0].first_step == 4
    assert np.array_equal(rest[-1].result.image, events[-1].result.image)
    assert np.array_equal(rest[-1].result.text, events[-1].result.text)


def test_a_set_of_vectors_finds_its_pairs_and_its_encoder(tiny_encoder, tiny_encoder_folder, shape_shard):
    vectors = sde.encode_pairs(tiny_encoder, sde.open_pairs(shape_shard))
    part = vectors.select(np.arange(47, -1, -1))  # another order than the pairs'
    for train in ("heads", "last-block"):
        events = list(sde.finetune(part, replace(CONFIG, train=train)))
        first = next(e for e in events if isinstance(e, Metrics))
        val = part.select(part.metadata["split"] == "val")
        expected = sde.retrieval_metrics(val.image, val.text, val.links)
        assert dict(first.values) == pytest.approx(expected)
        assert events[-1].result.image_ids == part.image_ids
        assert events[-1].encoder_folder is None
    moved = replace(part, image=np.roll(part.image, 1, axis=0))
    with pytest.raises(
        ConfigError, match=r"encoder must be the one that made the vectors; .* for the same pictures"
    ):
        sde.finetune(moved, replace(CONFIG, train="heads"))
    *_, done = sde.finetune(moved, CONFIG, output=tiny_encoder_folder.parent / "beside")
    assert done.encoder_folder is None
    assert "Not folded into an encoder" in done.note


def test_accumulating_through_towers_gives_the_gradient_of_the_whole_batch(tiny_encoder, shape_shard):
    found = []
    for accumulate in (1, 4):
        config = replace(
            CONFIG, train="full", steps=3, accumulate=accumulate, clip_norm=None, learning_rate=1e-4
        )
        events = sde.finetune(sde.open_pairs(shape_shard), config, encoder=tiny_encoder)
        found.append([(e.loss, e.gradient_norm) for e in events if isinstance(e, Step)])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_mixed_precision_trains_and_stays_close(tiny_encoder_folder, shape_shard, tmp_path, device):
    encoder = sde.load_encoder(tiny_encoder_folder, device=device)
    losses = {}
    for precision in ("fp32", "bf16", "fp16"):
        config = replace(CONFIG, train="full", precision=precision, learning_rate=1e-3, device=device)
        events = sde.finetune(sde.open_pairs(shape_shard), config, encoder=encoder, output=tmp_path)
        losses[precision] = [e.loss for e in events if isinstance(e, Step)]
    np.testing.assert_allclose(losses["bf16"], losses["fp32"], rtol=0.1)
    # Half precision leaves out steps until its scale fits, so only the first loss has to agree.
    assert losses["fp16"][0] == pytest.approx(losses["fp32"][0], rel=0.01)
    assert losses["fp16"][-1] < losses["fp16"][0]
    assert losses["bf16"] != losses["fp32"] != losses["fp16"]
    # The scale of half precision is part of the checkpoint.
    assert sde.training.checkpoint.read_checkpoint(tmp_path / "last.safetensors").scaler["scale"] >= 1


def test_frozen_parts_of_a_convolutional_trunk_keep_their_statistics():
    encoder = sde.load_encoder("bundled", device="cpu")
    towers = Towers(encoder, replace(CONFIG, train="last-block"))
    norms = {n: m for n, m in towers.clip.named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    modes = {n: m.training for n, m in norms.items()}
    trains = {n: any(p.requires_grad for p in m.parameters()) for n, m in norms.items()}
    assert modes == trains
    assert set(modes.values()) == {True, False}
    blocks = {n for n, p in towers.named_parameters() if p.requires_grad}
    assert "clip.text.transformer.resblocks.3.mlp.c_fc.weight" in blocks
    assert "clip.text.transformer.resblocks.2.mlp.c_fc.weight" not in blocks
    assert "clip.visual.head.proj.weight" in blocks


@pytest.mark.parametrize("name", ["bundled", "tiny"])
def test_projections_are_found_and_removed(name, tiny_encoder):
    import copy

    encoder = sde.load_encoder("bundled", device="cpu") if name == "bundled" else tiny_encoder
    model = copy.deepcopy(encoder.model)
    tokens = encoder.tokenizer(["a red square"])
    whole = model.encode_text(tokens)
    projection = find_projection(model, "text")
    weight, bias = projection.weight, projection.bias
    projection.remove()
    again = torch.nn.functional.linear(model.encode_text(tokens), weight, bias)
    torch.testing.assert_close(again, whole, rtol=1e-4, atol=1e-5)
    size = 128 if name == "bundled" else 32
    picture = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    whole = model.encode_image(picture)
    projection = find_projection(model, "image")
    weight, bias = projection.weight, projection.bias
    projection.remove()
    again = torch.nn.functional.linear(model.encode_image(picture), weight, bias)
    torch.testing.assert_close(again, whole, rtol=1e-4, atol=1e-5)


def test_what_an_encoder_cannot_do_is_refused(toy_set, tiny_encoder, shape_shard):
    with pytest.raises(ConfigError, match='encoder must be given to train "heads"; got None'):
        sde.finetune(toy_set, replace(CONFIG, train="heads"))
    with pytest.raises(ConfigError, match="source must be pairs, or vectors that name theirs"):
        sde.finetune(toy_set, replace(CONFIG, train="full"), encoder=tiny_encoder)
    half = sde.load_encoder(tiny_encoder.name, device="cpu", precision="bf16")
    pairs = sde.open_pairs(shape_shard)
    with pytest.raises(ConfigError, match="encoder must be loaded in fp32 to be trained; got bf16"):
        sde.finetune(pairs, replace(CONFIG, train="full"), encoder=half)
    model = open_clip.CLIP(
        embed_dim=16,
        vision_cfg={"image_size": 32, "layers": [1, 1, 1, 1], "width": 16, "head_width": 16},
        text_cfg={"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    )
    resnet = replace(tiny_encoder, model=model.eval(), name="tiny-resnet")
    with pytest.raises(EncoderError, match="the towers of tiny-resnet cannot be unlocked in part"):
        sde.finetune(pairs, replace(CONFIG, train="last-block"), encoder=resnet)
    with pytest.raises(EncoderError, match='the image tower must end in a linear layer to train "heads"'):
        sde.finetune(pairs, replace(CONFIG, train="heads"), encoder=resnet)
