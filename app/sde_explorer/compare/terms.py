"""What each control and number of the Compare view means: its help texts."""

from sde_explorer.ui.formulas import with_formulas

_WORDS = {
    "other": (
        "Any set that was encoded, opened or trained here; the same set enhanced or pruned as the Curriculum page is "
        "set; or type the folder of a saved embedding set."
    ),
    "swap": "A becomes B, and B becomes A.",
    "no_swap": "The enhanced or pruned set is made from A, so it cannot be A: save it with the Curriculum page first.",
    "t": "Training progress whose gains are applied; the Curriculum page has the other knobs.",
    "effective_rank": (
        "How many directions each set uses: exp of the entropy of $s/\\sum s$ on the rows that both sets have. "
        "Roy & Vetterli 2007."
    ),
    "cka": (
        "Linear CKA of A's vectors with B's, $\\|X^T Y\\|_F^2 / (\\|X^T X\\|_F \\|Y^T Y\\|_F)$ centred: 1 if one "
        "is a rotation and scaling of the other. Chance is the exact mean over all shuffles of the rows, "
        "$\\sqrt{PR_X PR_Y}/(m-1)$. Kornblith et al. 2019."
    ),
    "kept": (
        "Of a row's 10 nearest rows by cosine in A, the share that is among its 10 nearest in B, averaged. Blind to "
        "rotation, scale and width. Chance is k / (m − 1). Huh et al. 2024 (mutual k-NN)."
    ),
    "gap": (
        "Distance between the mean picture and the mean caption, unit rows: 0 means that both modalities sit in the "
        "same place. Liang et al. 2022."
    ),
    "overlap": (
        "$\\|V_A^T V_B\\|_F^2 / k$ of the strong directions: 1 if one subspace holds the other, 0 at right angles. In "
        "feature space where the widths agree, else as directions of the same rows."
    ),
    "image_to_text": "Share of pictures that find their caption first; same queries and gallery in both sets.",
    "text_to_image": "Share of captions that find a picture of theirs first; same queries and gallery in both sets.",
    "changed": "Whose neighbourhoods to show: of pictures among pictures, or of captions among captions.",
}
_FORMULAS = {
    "t": (r"\alpha(t)", "3.2"),
    "effective_rank": ("", "6.1"),
    "cka": ("", "6.11"),
    "kept": (r"|N_A(i) \cap N_B(i)| / k", "6.29"),
    "gap": (r"\|\langle x \rangle - \langle y \rangle\|", "6.8"),
    "overlap": ("", "6.18"),
    "image_to_text": (r"\#\{\text{best rank} = 1\} / \#\text{queries}", "6.15"),
    "text_to_image": (r"\#\{\text{best rank} = 1\} / \#\text{queries}", "6.15"),
}
HELP = with_formulas(_WORDS, _FORMULAS)
