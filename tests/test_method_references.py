"""Every equation that the code names has its home in docs/method.md, and every home is numbered once."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
METHOD = (ROOT / "docs/method.md").read_text()
# At the end of a formula of its own, or of a row of a table of formulas.
HOMES = re.findall(r"(?:\\tag\{|^\| .* \| \()(\d\.\d+)(?:\}|\) \|)$", METHOD, re.MULTILINE)


def test_each_number_has_one_home():
    assert len(HOMES) > 50
    assert len(set(HOMES)) == len(HOMES)


def test_what_the_code_names_is_there():
    for path in (ROOT / "sde_core").rglob("*.py"):
        for line in path.read_text().splitlines():
            if "docs/method.md, equation" in line:
                for number in re.findall(r"\((\d\.\d+)\)", line):
                    assert number in HOMES, f"{path.name}: ({number})"


def test_every_term_of_the_dashboard_names_its_formula():
    from sde_explorer.compare import terms as compare_terms
    from sde_explorer.curriculum.words import KNOBS
    from sde_explorer.retrieval import terms as recall_terms
    from sde_explorer.subspaces import terms as subspace_terms
    from sde_explorer.training import terms as training_terms
    from sde_explorer.ui import terms
    from sde_explorer.ui.table_heads import HEADS

    texts = {
        **{f"metric {key}": terms.HELP[key] for key in terms.METRICS},
        **{f"rule {key}": text for key, text in terms.RULES.items()},
        **{f"row {key}": text for key, text in recall_terms.ROWS.items() if key != "raw"},
        **{f"knob {key}": text for key, text in KNOBS.items()},
        **{
            f"head {key}": HEADS[key] for key in ("R@1", "MRR", "median rank", "gap", "rank", "bulk", "bound")
        },
        **{k: text for k, text in subspace_terms.HELP.items() if k.startswith("direction_")},
        **{f"compare {key}": compare_terms.HELP[key] for key in ("cka", "kept", "gap", "overlap")},
        **{
            key: training_terms.TRAINING[key]
            for key in ("enhance", "hellinger", "subspace", "contrast", "whitening")
        },
        **{
            key: terms.HELP[key]
            for key in ("paired_cosine", "linear_cka", "image_to_text", "noise", "strong")
        },
    }
    assert len(texts) > 50
    for name, text in texts.items():
        numbers = re.findall(r"[Dd]ocs/method.md \((\d\.\d+)", text)
        assert len(numbers) == 1, name
        assert numbers[0] in HOMES, name
