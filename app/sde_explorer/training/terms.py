"""What the controls of the Training view mean: their help texts."""

from sde_explorer.ui.formulas import with_formulas

_WORDS = {
    "train": (
        "How much of the model moves: an adapter on the vectors, the encoder's last projections, its last blocks, or "
        "all of it. The further right, the longer it takes and the more zero-shot ability it can cost."
    ),
    "adapter": "A residual linear map of each modality's vectors: seconds on a CPU.",
    "heads": "The encoder's last projections, on features of its frozen towers: every picture is seen once first.",
    "last-block": "Projections and the last block of both towers: minutes on a CPU, wants a GPU.",
    "full": "All weights of the encoder: wants a GPU.",
    "loss": "What is minimised. Each says below whose it is: [P] published, [R] our reconstruction, [X] our extension.",
    "seconds": (
        "Turned into a number of steps by a trial step, shared by the runs. The learning rate falls to 0 at the end, "
        "so a longer budget is another training, not more of the same."
    ),
    "left_alone": (
        "Trained on is the split `train`, validated with `val`, or with a hold-out of `train` where there is none. "
        "What was trained is then looked at and compared on the part that was left alone."
    ),
    "beside": (
        "A second run with plain InfoNCE on the same pairs in the same order from the same start, one step of each in "
        "turn: the difference is the loss's. One pair of runs is one seed; repeat with other seeds before believing it."
    ),
    "steps": "Optimiser steps of each run; empty goes by time.",
    "accumulate": (
        "The batch passes the model in this many parts, for models that do not fit otherwise; the gradient is that of "
        "the whole batch."
    ),
    "learning_rate": "Peak, after the warm-up; a cosine to 0 follows.",
    "patience": "Looks at validation without a better score before the run stops; the best weights are the result.",
    "seed": "Of the order of the pairs, the losses' noise and new weights: the same seed gives the same run.",
    "captions": "Draw one of a picture's captions each epoch, or always take the first.",
    "duplicates": (
        "What shares its caption with a pair is no negative of it (skipped), or is one, as in plain CLIP training."
    ),
    "concept": "A column of the metadata whose equal values mean the same thing, so that they are no negatives either.",
    "lora": "Above 0, low-rank changes of the towers' linear layers are trained, not the weights. Hu et al. 2021.",
    "groups": "How many of open_clip's groups of layers are trained in each tower, from the end.",
    "enhance": "InfoNCE sees features whose spectrum was stirred, attenuated and suppressed by the curriculum.",
    "hellinger": "Weight of the distance between the two modalities' singular-value distributions.",
    "subspace": "Weight of the share of one modality's leading subspace that the other misses.",
    "contrast": "Weight of the contrast of shared spectral directions; our extension, not in the paper.",
    "whitening": (
        "Weight of the distance of pairs whose covariance, the mean of both modalities', was taken out, so that weak "
        "directions count as much as strong ones; our extension, in the form of W-MSE (Ermolov et al. 2021)."
    ),
    "spectral": (
        "Weight of InfoNCE over the pairs' coefficients in the spectrum, each direction counted alike, with the same "
        "temperature; our extension, a literal reading of a contrast in both domains."
    ),
    "band": "Directions that component contrast tells apart: all, strong and weak, or those that the rule calls noise.",
    "lambda": "Common weight of the spectral terms, a cosine from start to end.",
    "resume": "Go on from the last checkpoint: on a CPU the result has the same bits as without the stop.",
}
_FORMULAS = {
    "enhance": (r"x + (x - \mu) V \text{diag}(g - 1) V^T", "3.13"),
    "hellinger": (r"H^2 = 1 - \sum \sqrt{p_i q_i}", "4.3"),
    "subspace": (r"S = 1 - \|V_a^T V_b\|_F^2 / k", "4.5"),
    "contrast": (r"C_{ij} = \sum_b z^x_{bi} z^y_{bj} / (B \tau_c)", "4.9"),
    "whitening": (r"W = 2 - 2 \langle \cos(\tilde x, \tilde y) \rangle", "4.15"),
    "spectral": (r"\tilde x = x C^{-1/2} / \|x C^{-1/2}\|", "4.17"),
    "lambda": (r"\lambda(t)", "4.1"),
}
TRAINING = with_formulas(_WORDS, _FORMULAS)
"""By field of the form."""
