"""clip-retrieval's writer and autofaiss' files open as they were written."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import sde_core as sde
from tests.clients.programs import writers_python

SCRIPT = Path(__file__).with_name("write_with_autofaiss.py")
ROWS = np.random.default_rng(0).normal(size=(2, 60, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that both programs wrote, and their versions."""
    python, folder = writers_python(), tmp_path_factory.mktemp("written")
    for name, rows in zip(("image", "text"), ROWS, strict=True):
        np.save(folder / f"{name}.npy", rows)
    done = subprocess.run(
        [python, SCRIPT, folder / "image.npy", folder / "text.npy", folder / "out"],
        capture_output=True, text=True, timeout=300, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    versions = json.loads(done.stdout.splitlines()[-1])
    assert set(versions) == {"autofaiss", "clip-retrieval", "numpy"}
    return folder / "out", versions


def test_clip_retrievals_folder_is_what_was_written(written, compared):
    folder, versions = written
    made = sde.open_embeddings(folder / "both")
    np.testing.assert_array_equal(made.image, ROWS[0])
    np.testing.assert_array_equal(made.text, ROWS[1])
    assert made.image_ids == tuple(f"picture-{i}" for i in range(60))
    assert made.captions == tuple(f"caption {i}" for i in range(60))
    assert made.metadata["source"].tolist() == [f"s{i % 3}" for i in range(60)]
    compared(
        "clip-retrieval",
        "vectors, ids, captions and metadata of its writer",
        max(np.abs(made.image - ROWS[0]).max(), np.abs(made.text - ROWS[1]).max()),
        of=versions["clip-retrieval"],
    )


def test_clip_retrieval_with_pictures_only_is_a_set_of_one_modality(written):
    made = sde.open_embeddings(written[0] / "pictures")
    np.testing.assert_array_equal(made.image, ROWS[0])
    assert made.modalities == ("image",)


@pytest.mark.parametrize("kind", ["chosen", "flat", "hnsw"])
def test_autofaiss_folder_gives_the_vectors_it_was_built_from(written, compared, kind):
    folder, versions = written
    for place in (folder / kind, folder / kind / "knn.index"):
        made = sde.open_embeddings(place).image
        np.testing.assert_array_equal(made, ROWS[0])
        compared(
            "autofaiss",
            f"vectors of its index, {kind}",
            np.abs(made - ROWS[0]).max(),
            of=versions["autofaiss"],
        )
