"""What a basis that is kept and terms evaluated now and then do to the result: `python -m benchmarks.loss_quality`."""

import argparse
import math
import statistics
from collections.abc import Sequence

import sde_core as sde
from benchmarks.loss_cost import configurations
from sde_core.embedding_formats import open_embeddings
from sde_core.training import FinetuneConfig, LossConfig, Metrics

RECALLS = tuple(f"{way}_retrieval_recall@{k}" for way in ("text", "image") for k in (1, 5, 10))


def main() -> None:
    """Print validation after the same adapter training by each way to compute the loss, seed by seed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loss_quality", description=__doc__)
    parser.add_argument("--embeddings", default="emoji", help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=160, help="default: %(default)s")
    parser.add_argument("--seeds", type=int, default=5, help="default: %(default)s")
    options = parser.parse_args()
    vectors = open_embeddings(options.embeddings)
    print(
        "| loss | mean of R@1, R@5, R@10 both ways, % | against every step, points: mean ± standard error |"
    )
    print("|---|---:|---:|")
    reference: list[float] = []
    for name, config in configurations().items():
        scores = [_score(vectors, config, options.steps, seed) for seed in range(options.seeds)]
        if config.refresh_every == config.spectral_every == 1:
            reference = scores
        differences = [a - b for a, b in zip(scores, reference, strict=True)]
        print(f"| {name} | {statistics.mean(scores):.2f} | {_with_error(differences)} |", flush=True)


def _score(vectors: sde.EmbeddingSet, loss: sde.SDELossConfig, steps: int, seed: int) -> float:
    config = FinetuneConfig(
        loss=LossConfig(name="sde", sde=loss),
        steps=steps,
        evaluate_every=steps,
        data_seed=seed,
        noise_seed=seed,
    )
    looks = [event for event in sde.finetune(vectors, config) if isinstance(event, Metrics)]
    return 100 * statistics.mean(looks[-1].values[name] for name in RECALLS)


def _with_error(differences: Sequence[float]) -> str:
    if len(differences) < 2 or not any(differences):
        return "-"
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    return f"{statistics.mean(differences):+.2f} ± {error:.2f}"


if __name__ == "__main__":
    main()
