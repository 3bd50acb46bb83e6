"""One real set, several captions a picture and captions that pictures share, written in every format."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors.torch import save_file

import sde_core as sde

N = 60


def vectors(rows: int = 6, width: int = 4, seed: int = 0) -> np.ndarray:
    """Return a few random rows."""
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


def real_set() -> sde.EmbeddingSet:
    """Return some bundled pictures whose texts are numbered by appearance, as `encode_pairs` numbers them."""
    part = sde.open_embeddings("clipart/test").select(np.arange(N))
    order = list(dict.fromkeys(part.links[:, 0].tolist()))
    new = np.argsort(order)
    return replace(
        part,
        text=part.text[order],
        captions=tuple(part.captions[t] for t in order),
        links=np.stack([new[part.links[:, 0]], part.links[:, 1]], axis=1),
        skipped=(),
    )


def metadata_table(made: sde.EmbeddingSet) -> dict[str, Any]:
    return {"id": list(made.image_ids)} | {k: v.tolist() for k, v in made.metadata.items()}


def write_set(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    return {"path": made.save(folder / "set")}


def write_npy_folder(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    np.save(folder / "image.npy", made.image)
    np.save(folder / "text.npy", made.text)
    np.save(folder / "text_to_image.npy", made.links)
    (folder / "captions.txt").write_text("\n".join(made.captions) + "\n", "utf-8")
    pq.write_table(pa.table(metadata_table(made)), folder / "images.parquet")
    return {"path": folder}


def write_npy_pair(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    np.save(folder / "a.npy", made.image)
    np.save(folder / "b.npy", made.text)
    records = [
        dict(zip(metadata_table(made), row, strict=True))
        for row in zip(*metadata_table(made).values(), strict=True)
    ]
    (folder / "images.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    return {
        "path": folder / "a.npy",
        "text": folder / "b.npy",
        "images": folder / "images.jsonl",
        "captions": list(made.captions),
        "text_to_image": made.links,
    }


def faiss_pair(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    """Write two flat indices in place of the npy files of `write_npy_pair`; they hold float32."""
    import faiss

    options = write_npy_pair(made, folder)
    for name, vectors in (("a", made.image), ("b", made.text)):
        index = faiss.IndexFlatIP(made.width)
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        faiss.write_index(index, str(folder / f"{name}.index"))
        (folder / f"{name}.npy").unlink()
    return options | {"path": folder / "a.index", "text": folder / "b.index"}


def npz_arrays(made: sde.EmbeddingSet) -> dict[str, Any]:
    arrays = {"image": made.image, "text": made.text, "links": made.links}
    return arrays | {"ids": np.array(made.image_ids), "captions": np.array(made.captions), **made.metadata}


def write_npz(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    np.savez(folder / "vectors.npz", **npz_arrays(made))
    return {"path": folder / "vectors.npz"}


def write_compressed_npz(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    np.savez_compressed(folder / "vectors.npz", **npz_arrays(made))
    return {"path": folder / "vectors.npz"}


def write_safetensors(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    arrays = {"image_embeddings": made.image, "text_embeddings": made.text, "links": made.links}
    save_file({k: torch.from_numpy(np.array(v)) for k, v in arrays.items()}, folder / "vectors.safetensors")
    pq.write_table(pa.table(metadata_table(made)), folder / "ids.parquet")
    (folder / "captions.json").write_text(json.dumps(list(made.captions)))
    return {
        "path": folder / "vectors.safetensors",
        "images": folder / "ids.parquet",
        "captions": folder / "captions.json",
    }


def pair_rows(made: sde.EmbeddingSet, rows: slice, *, fixed: bool) -> pa.Table:
    """Return one row for each picture and caption, so that both come again."""
    texts, images = made.links[rows].T
    kind = pa.list_(pa.float16(), made.width) if fixed else pa.list_(pa.float16())
    columns: dict[str, Any] = {
        name: [column[i] for i in images] for name, column in metadata_table(made).items()
    }
    columns["caption"] = [made.captions[t] for t in texts]
    columns["image_embedding"] = pa.array(list(made.image[images]), kind)
    columns["text_embedding"] = pa.array(list(made.text[texts]), kind)
    return pa.table(columns)


def write_parquet_lists(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    pq.write_table(pair_rows(made, slice(None), fixed=False), folder / "pairs.parquet")
    return {"path": folder / "pairs.parquet"}


def write_parquet_parts(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    for number, start, end in ((2, 0, 5), (10, 5, 6), (11, 6, None)):
        pq.write_table(
            pair_rows(made, slice(start, end), fixed=True),
            folder / f"part-{number}.parquet",
            row_group_size=7,
        )
    return {"path": folder}


def write_two_parquets(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    """Write pictures and captions as two tables that share ids; a caption of two pictures comes twice."""
    images = pa.table(metadata_table(made) | {"vector": list(made.image)})
    texts, pictures = made.links.T
    captions = {
        "image_id": [made.image_ids[i] for i in pictures],
        "caption": [made.captions[t] for t in texts],
        "vector": list(made.text[texts]),
    }
    pq.write_table(images, folder / "images.parquet")
    pq.write_table(pa.table(captions), folder / "texts.parquet")
    return {"path": folder / "images.parquet", "text": folder / "texts.parquet"}


def write_clip_retrieval(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    table = pair_rows(made, slice(None), fixed=False)
    for name in ("img_emb", "text_emb", "metadata"):
        (folder / name).mkdir()
    for number, start, end in ((0, 0, 4), (1, 4, 5), (2, 5, 5), (10, 5, len(made.links))):
        texts, images = made.links[start:end].T
        np.save(folder / "img_emb" / f"img_emb_{number}.npy", made.image[images])
        np.save(folder / "text_emb" / f"text_emb_{number}.npy", made.text[texts])
        part = table.slice(start, end - start).drop_columns(["image_embedding", "text_embedding"])
        pq.write_table(part, folder / "metadata" / f"metadata_{number}.parquet")
    return {"path": folder}


def write_npy_parts(made: sde.EmbeddingSet, folder: Path) -> dict[str, Any]:
    """Write parts as clip-retrieval names them, given as two folders, with a text-to-image index."""
    for name, array in (("pictures", made.image), ("words", made.text)):
        (folder / name).mkdir()
        for number, part in enumerate(np.split(array, [3, 4, 4])):
            np.save(folder / name / f"part_{number}.npy", part)
    np.save(folder / "links.npy", made.links)
    pq.write_table(pa.table(metadata_table(made)), folder / "ids.parquet")
    return {
        "path": folder / "pictures",
        "text": folder / "words",
        "images": folder / "ids.parquet",
        "captions": list(made.captions),
        "text_to_image": folder / "links.npy",
    }


Writer = Callable[[sde.EmbeddingSet, Path], dict[str, Any]]

WRITERS: dict[str, Writer] = {
    name.removeprefix("write_"): value
    for name, value in sorted(globals().items())
    if name.startswith("write_") and callable(value)
}


def zip_of(arrays: dict[str, Any], path: Path) -> Path:
    """Write an npz whose arrays may be Python objects."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=True)
    return path
