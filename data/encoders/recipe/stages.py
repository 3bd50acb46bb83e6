"""The stages of the recipe, each of which leaves a file in the work folder and is skipped when that is there."""

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .align import AlignConfig, align_heads
from .alignment_data import Encode, classifier_set, train_set
from .distil import distil, encode_all, principal_map, start_from_token_meanings
from .evaluate import caption_gallery, recall
from .export import export
from .features import cached_features
from .pairs import read_split
from .teacher import teacher_embeddings
from .texts import all_sources, text_bank, wordings
from .towers import EMBED_DIM, TEXT_WIDTH, imagenet_weights, new_model, tokenize

# Kinds of text that are most like captions: their principal directions are what the text tower should keep.
CAPTION_LIKE = ("pairs", "captions", "lists", "imagenet")
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Where the recipe reads and writes, and the settings that are not a matter of one stage alone."""

    wordnet: Path
    work: Path
    output: Path
    seed: int = 0
    distil_steps: int = 2400
    distil_rate: float = 2e-3
    n_views: int = 3
    align: AlignConfig = field(default_factory=AlignConfig)


def distil_stage(recipe: Recipe) -> dict[str, Tensor]:
    """The text tower that imitates the teacher: its weights, and under "target_map" the teacher's space it speaks."""
    done = recipe.work / "text_tower.pt"
    if done.exists():
        return torch.load(done, weights_only=True)
    sources = all_sources(recipe.wordnet, read_split("train"), recipe.work, recipe.seed)
    target_map = principal_map(torch.cat([sources[name].teacher for name in CAPTION_LIKE]), TEXT_WIDTH)
    tower = new_model(recipe.seed).text
    start_from_token_meanings(tower, sources["tokens"].teacher.float())
    bank = text_bank(sources)
    started, smoothed = time.monotonic(), None
    for step, loss in distil(
        tower, bank, target_map, n_steps=recipe.distil_steps, rate=recipe.distil_rate, seed=recipe.seed
    ):
        smoothed = loss if smoothed is None else 0.98 * smoothed + 0.02 * loss
        if (step + 1) % 100 == 0:
            print(
                f"distil {step + 1}/{recipe.distil_steps} loss {smoothed:.3f} {time.monotonic() - started:.0f} s",
                flush=True,
            )
    torch.save({**tower.state_dict(), "target_map": target_map}, done)
    return torch.load(done, weights_only=True)


def feature_stage(recipe: Recipe) -> dict[str, Tensor]:
    """The trunk's features of each split (v, m, 1280): the train split in several views, the others as they are."""
    trunk = new_model(recipe.seed).visual.trunk
    return {
        split: torch.from_numpy(
            cached_features(
                trunk,
                read_split(split),
                recipe.work / "features" / split,
                n_views=recipe.n_views if split == "train" else 1,
                seed=recipe.seed,
            )
        )
        for split in SPLITS
    }


@dataclass(frozen=True, slots=True)
class Aligned:
    """Two linear heads as plain weights: unit vectors of each modality after adding the bias and normalising."""

    image: tuple[Tensor, Tensor]
    text: tuple[Tensor, Tensor]

    def images(self, features: Tensor) -> Tensor:
        """(m, d) vectors of trunk features (m, 1280)."""
        return features.float() @ self.image[0].T + self.image[1]

    def texts(self, states: Tensor) -> Tensor:
        """(m, d) vectors of text features (m, n)."""
        return states.float() @ self.text[0].T + self.text[1]


def align_stage(recipe: Recipe, features: dict[str, Tensor], encode: Encode) -> Aligned:
    """Both heads, trained on the train split and the classifier's pseudo-pairs.

    Args:
        recipe: the settings.
        features: of `feature_stage`.
        encode: texts -> (k, n) features: the student's pooled states, or the teacher's vectors.
    """
    pictures = read_split("train")
    data, images_out, texts_out = train_set(
        pictures, features["train"], wordings(pictures, recipe.seed), encode
    )
    pseudo = classifier_set(imagenet_weights()[1], encode, texts_out)
    image, text = align_heads(data, pseudo, EMBED_DIM, recipe.align, recipe.seed)
    return Aligned(images_out.fold(image), texts_out.fold(text))


def student_encode(text_tower: nn.Module) -> Encode:
    """The distilled tower's pooled states as a function of texts."""
    return lambda texts: encode_all(text_tower, tokenize(texts))


def teacher_encode(recipe: Recipe) -> Encode:
    """The full-size teacher's vectors as a function of texts: for the reference row of the model card."""

    def encode(texts: list[str]) -> Tensor:
        name = f"reference-{hashlib.sha256(chr(10).join(texts).encode()).hexdigest()[:12]}"
        return torch.from_numpy(teacher_embeddings(texts, recipe.work / "teacher" / f"{name}.npy")).float()

    return encode


def measure(
    aligned: Aligned, features: dict[str, Tensor], encode: Encode, split: str, *, primary_only: bool = True
) -> dict[str, Any]:
    """Retrieval on one held-out split of both sets together."""
    texts, links = caption_gallery(read_split(split), primary_only)
    return recall(aligned.images(features[split][0]), aligned.texts(encode(texts)), links)


def assemble(recipe: Recipe, text_weights: dict[str, Tensor], aligned: Aligned) -> int:
    """Put trunk, text tower and heads into one open_clip model and write it; the size in bytes comes back."""
    model = new_model(recipe.seed, proj_bias=True)
    state = {
        name: value for name, value in text_weights.items() if name not in ("text_projection", "target_map")
    }
    state |= {"text_projection.weight": aligned.text[0], "text_projection.bias": aligned.text[1]}
    model.text.load_state_dict(state)
    head = model.visual.head.proj
    with torch.no_grad():
        head.weight.copy_(aligned.image[0])
        head.bias.copy_(aligned.image[1])
    return export(model, recipe.output)
