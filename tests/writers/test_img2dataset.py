"""img2dataset's three formats, with and without captions; two of eight addresses cannot be used."""

import io

import pytest
from PIL import Image

import sde_core as sde
from tests.writers.conftest import N_PICTURES, needed


@pytest.mark.parametrize("captions", ["caption", None], ids=["captions", "pictures only"])
@pytest.mark.parametrize("output_format", ["files", "webdataset", "parquet"])
def test_what_was_fetched_opens_and_what_was_not_is_listed(served, tmp_path, output_format, captions):
    fetched = tmp_path / "fetched"
    needed("img2dataset").download(
        url_list=str(served),
        input_format="parquet",
        url_col="url",
        caption_col=captions,
        save_additional_columns=["score"],
        output_format=output_format,
        output_folder=str(fetched),
        processes_count=1,
        thread_count=2,
        image_size=24,
        number_sample_per_shard=5,
        enable_wandb=False,
    )
    pairs = sde.open_pairs(fetched)
    found = list(pairs)
    assert len(found) == len(pairs) == N_PICTURES
    assert {Image.open(io.BytesIO(pair.read_image())).size for pair in found} == {(24, 24)}
    by_score = sorted(found, key=lambda pair: pair.metadata["score"])
    wanted = [(f"caption {i}",) if captions else () for i in range(N_PICTURES)]
    assert [pair.captions for pair in by_score] == wanted
    assert pairs.modalities == (("image", "text") if captions else ("image",))
    reasons = sorted(s.reason for s in pairs.skipped)
    assert len(reasons) == 2
    assert reasons[0].startswith("img2dataset: failed_to_download")
    assert reasons[1].startswith("img2dataset: failed_to_resize")
