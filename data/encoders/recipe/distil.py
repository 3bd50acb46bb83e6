"""Teaching the small text tower to say what the teacher says, on short texts of many kinds."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, log_softmax, normalize, softmax

from .towers import TEXT_WIDTH, encode_tokens, pooled_states

RELATION_TEMPERATURE = 0.05
TOKEN_STD = 0.3  # of the token table: large enough for 8-bit floats, small enough not to drown the layers


@dataclass(frozen=True, slots=True)
class TextBank:
    """Texts ready for training: tokens (m, l), teacher's unit vectors (m, 384), how often to draw each (m,)."""

    tokens: Tensor
    teacher: Tensor
    weights: Tensor

    def __len__(self) -> int:
        return len(self.tokens)


def principal_map(vectors: Tensor, n_directions: int) -> Tensor:
    """The first principal directions (without centring) of vectors (m, n) as columns (n, n_directions)."""
    gram = vectors.double().T @ vectors.double()
    return torch.linalg.eigh(gram).eigenvectors.flip(1)[:, :n_directions].float()


def start_from_token_meanings(text_tower: nn.Module, token_vectors: Tensor) -> None:
    """Set the token table to the principal components of the teacher's vector of each token's own string.

    So every word of the vocabulary means something before the first step, those that no text uses included.
    """
    centred = token_vectors - token_vectors.mean(0)
    table = centred @ principal_map(centred, TEXT_WIDTH)
    with torch.no_grad():
        text_tower.token_embedding.weight.copy_(table * (TOKEN_STD / table.std()))


def length_batches(bank: TextBank, batch_tokens: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless batches of row numbers, drawn by weight, texts of like length together, short and long batches mixed."""
    lengths = bank.tokens.argmax(dim=-1) + 1
    while True:
        draw = torch.multinomial(bank.weights, 65_536, replacement=True, generator=generator)
        draw = draw[lengths[draw].argsort(stable=True)]
        batches, start = [], 0
        while start < len(draw):
            size = max(64, batch_tokens // int(lengths[draw[min(start + 64, len(draw) - 1)]]))
            batches.append(draw[start : start + size])
            start += size
        for index in torch.randperm(len(batches), generator=generator).tolist():
            yield batches[index]


def distillation_loss(student: Tensor, teacher: Tensor, target_map: Tensor) -> Tensor:
    """How far the student's vectors are from the teacher's: one by one, and in their relations within the batch.

    Args:
        student: (b, k) vectors of any length.
        teacher: (b, 384) unit vectors.
        target_map: (384, k) from the teacher's space to the student's.

    Returns:
        Mean of 1 - cosine, plus the KL divergence of the softened similarities to the other texts of the batch.
    """
    target = normalize(teacher @ target_map, dim=-1)
    student = normalize(student, dim=-1)
    pointwise = 1 - cosine_similarity(student, target).mean()
    itself = torch.eye(len(student), dtype=torch.bool)
    wanted = softmax((target @ target.T / RELATION_TEMPERATURE).masked_fill(itself, -1e4), dim=-1)
    said = log_softmax((student @ student.T / RELATION_TEMPERATURE).masked_fill(itself, -1e4), dim=-1)
    relations = (wanted * (wanted.clamp(min=1e-12).log() - said)).sum(-1).mean()
    return pointwise + relations


def text_optimizer(text_tower: nn.Module, rate: float) -> torch.optim.Optimizer:
    """AdamW that decays the layers' matrices only, neither the token table nor vectors."""
    decayed = [p for n, p in text_tower.named_parameters() if p.ndim == 2 and "embedding" not in n]
    kept = [p for n, p in text_tower.named_parameters() if p.ndim != 2 or "embedding" in n]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": kept, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)


def distil(
    text_tower: nn.Module, bank: TextBank, target_map: Tensor, *, n_steps: int, rate: float, seed: int
) -> Iterator[tuple[int, float]]:
    """Train the tower in place and yield (step, loss); warm-up, then a cosine to zero.

    Args:
        text_tower: open_clip's text transformer.
        bank: the texts.
        target_map: (384, k) from the teacher's space to the tower's output.
        n_steps: batches of about 6,000 tokens.
        rate: the highest learning rate.
        seed: of the draw.
    """
    optimizer = text_optimizer(text_tower, rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=n_steps, pct_start=min(0.1, 300 / n_steps), cycle_momentum=False
    )
    batches = length_batches(bank, 6144, torch.Generator().manual_seed(seed))
    text_tower.train()
    for step in range(n_steps):
        rows = next(batches)
        student = encode_tokens(text_tower, bank.tokens[rows].long())
        loss = distillation_loss(student, bank.teacher[rows].float(), target_map)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(text_tower.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield step, loss.item()
    text_tower.eval()


@torch.inference_mode()
def encode_all(text_tower: nn.Module, tokens: Tensor, batch: int = 1024) -> Tensor:
    """What the tower's projection sees of (m, l) tokens: the features that the alignment starts from."""
    order = tokens.argmax(dim=-1).argsort()
    vectors = torch.empty(len(tokens), text_tower.width)
    for rows in order.split(batch):
        vectors[rows] = pooled_states(text_tower, tokens[rows].long())
    return vectors
