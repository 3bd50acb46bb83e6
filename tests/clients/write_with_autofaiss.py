"""What clip-retrieval and autofaiss write, by their own code, in an environment of their own.

Both ask for numpy < 2: they cannot be installed beside ours. `write_with_autofaiss.py IMAGE.npy TEXT.npy OUTPUT`.
"""

import importlib.util
import json
import sys
from importlib.metadata import distribution, version
from pathlib import Path

import numpy as np


def clip_retrieval_writer() -> type:
    """Return clip-retrieval's writer, from its file: its package imports a web server and a training tracker."""
    place = distribution("clip-retrieval").locate_file("clip_retrieval/clip_inference/writer.py")
    spec = importlib.util.spec_from_file_location("writer", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.NumpyWriter


def main(image: str, text: str, output: str) -> None:
    """Write two parts of clip-retrieval's folder, one without texts, and an index of three kinds."""
    from autofaiss import build_index  # here, because pytest imports every file of the tests

    images, texts, folder = np.load(image), np.load(text), Path(output)
    half = len(images) // 2
    for name, has_text in (("both", True), ("pictures", False)):
        for part, rows in enumerate((slice(0, half), slice(half, None))):
            writer = clip_retrieval_writer()(part, str(folder / name), has_text, True, True, 2)
            numbers = range(*rows.indices(len(images)))
            writer({
                "image_embs": images[rows], "text_embs": texts[rows],
                "image_filename": [f"picture-{i}" for i in numbers], "text": [f"caption {i}" for i in numbers],
                "metadata": [json.dumps({"source": f"s{i % 3}"}) for i in numbers],
            })  # fmt: skip
            writer.flush()
    for name, wanted in (("chosen", {}), ("flat", {"index_key": "Flat"}), ("hnsw", {"index_key": "HNSW15"})):
        (folder / name).mkdir()
        build_index(
            str(folder / "both" / "img_emb"), index_path=str(folder / name / "knn.index"),
            index_infos_path=str(folder / name / "index_infos.json"), max_index_memory_usage="100MB",
            current_memory_available="1GB", save_on_disk=True, verbose=30, **wanted,
        )  # fmt: skip
    print(json.dumps({name: version(name) for name in ("autofaiss", "clip-retrieval", "numpy")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
