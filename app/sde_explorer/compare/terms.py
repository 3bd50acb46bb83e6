"""What each control and number of the Compare view means: its help texts."""

from sde_core.glossary import TERMS
from sde_explorer.ui.formulas import with_formulas

_WORDS = {
    "other": (
        "Any set that was encoded, opened or trained here; the same set enhanced or pruned as the Curriculum page is "
        "set; or type the folder of a saved embedding set."
    ),
    "swap": "A becomes B, and B becomes A.",
    "no_swap": "The enhanced or pruned set is made from A, so it cannot be A: save it with the Curriculum page first.",
    "t": "Training progress whose gains are applied; the Curriculum page has the other knobs.",
    "cka": (
        "Linear CKA of A's vectors with B's, $\\|X^T Y\\|_F^2 / (\\|X^T X\\|_F \\|Y^T Y\\|_F)$ centred: 1 if one "
        "is a rotation and scaling of the other. Chance is the exact mean over all shuffles of the rows, "
        "$\\sqrt{PR_X PR_Y}/(m-1)$. Kornblith et al. 2019."
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
    "cka": ("", "6.11"),
    "overlap": ("", "6.18"),
    "image_to_text": (r"\#\{\text{best rank} = 1\} / \#\text{queries}", "6.15"),
    "text_to_image": (r"\#\{\text{best rank} = 1\} / \#\text{queries}", "6.15"),
}
_SHARED = {"effective_rank": "effective_rank", "kept": "neighbourhood_overlap", "gap": "modality_gap"}
HELP = {key: TERMS[name].help for key, name in _SHARED.items()} | with_formulas(_WORDS, _FORMULAS)
