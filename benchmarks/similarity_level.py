"""How often unrelated spaces pass for related ones: `python -m benchmarks.similarity_level [--trials N]`.

Pairs of independent Gaussian spaces (32 rows, seeded) of each width, by every measure; a pair is rejected where its
calibrated score is above 0, which 19 shuffles make one trial in twenty. The standard error stands beside it.
"""

import argparse

import torch

import sde_core as sde

WIDTHS = (8, 64, 256, 2_048)
ROWS, SHUFFLES = 32, 19


def rejected(measure: str, width: int, trials: int) -> float:
    """Return the share of unrelated pairs whose score is above 0.

    Args:
        measure: of `measure_names`.
        width: features of both spaces.
        trials: pairs.
    """
    hits = 0
    for seed in range(trials):
        numbers = torch.Generator().manual_seed(seed)
        x, y = (torch.randn(ROWS, width, generator=numbers) for _ in range(2))
        hits += sde.calibrated_similarity(x, y, measure, n_permutations=SHUFFLES, seed=seed).score > 0
    return hits / trials


def main() -> None:
    """Print a row for each measure and a column for each width."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2_000, help="pairs of each width, for each measure")
    trials = parser.parse_args().trials
    print(f"| rejected, % | {' | '.join(f'{width:,}' for width in WIDTHS)} |")
    print(f"|---|{'---:|' * len(WIDTHS)}")
    for measure in sde.measure_names():
        shares = (f"{100 * rejected(measure, width, trials):.1f}" for width in WIDTHS)
        print(f"| {measure} | {' | '.join(shares)} |", flush=True)
    print(f"\n{trials:,} trials each: a standard error of {100 * (0.05 * 0.95 / trials) ** 0.5:.1f} points.")


if __name__ == "__main__":
    main()
