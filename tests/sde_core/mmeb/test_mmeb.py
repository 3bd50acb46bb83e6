import json

import numpy as np
import pytest

import sde_core as sde
from sde_core.errors import DataError
from sde_core.files.bundled import data_folder
from sde_core.mmeb import CATEGORIES, MMEB, TASKS, encode_sides, evaluate_mmeb, published_mmeb
from sde_core.pairs import decode_image
from tests.fixtures import picture_bytes

COLOURS = ("red", "green", "blue", "yellow", "white", "black")


@pytest.fixture(scope="module")
def encoder(tiny_encoder_folder):
    return sde.load_encoder(tiny_encoder_folder, device="cpu")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    for colour in COLOURS:
        (tmp_path / f"images/{colour}.png").write_bytes(picture_bytes(colour, kind="PNG"))
    rows = {
        "ImageNet-1K": lambda c, others: ("<|image_1|> What is it?", f"{c}.png", [c, *others], [""] * 6),
        "MSCOCO_t2i": lambda c, others: (c, "", "", [f"{o}.png" for o in (c, *others)]),
        "CIRR": lambda c, others: ("like", f"{c}.png", [c, *others], [f"{o}.png" for o in (c, *others)]),
        "NIGHTS": lambda c, others: ("", f"{c}.png", [""] * 6, [f"{o}.png" for o in (c, *others)]),
    }
    for task, row in rows.items():
        lines = []
        for colour in COLOURS:
            values = row(colour, [c for c in COLOURS if c != colour])
            lines.append(
                dict(zip(("qry_text", "qry_img_path", "tgt_text", "tgt_img_path"), values, strict=True))
            )
        _write(tmp_path / f"{task}.jsonl", lines)
    return tmp_path


def _write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _by_hand(encoder, folder, task):
    """Precision@1 with one call of the encoder for each text and picture, and a plain loop."""

    def vector(text, image):
        total = 0
        if text := text.replace("<|image_1|>", "").strip():
            total = total + encoder.encode_texts([text])[0].numpy()
        if image:
            picture = decode_image((folder / "images" / image).read_bytes())
            total = total + encoder.encode_images(encoder.preprocess(picture)[None])[0].numpy()
        return total / np.linalg.norm(total)

    right = 0
    rows = [json.loads(line) for line in (folder / f"{task}.jsonl").read_text().splitlines()]
    for row in rows:
        texts = row["tgt_text"] or [""] * len(row["tgt_img_path"])
        scores = [
            vector(t, i) @ vector(row["qry_text"], row["qry_img_path"])
            for t, i in zip(texts, row["tgt_img_path"], strict=True)
        ]
        right += scores[0] > max(scores[1:])
    return right / len(rows)


def test_the_score_is_that_of_a_plain_loop(encoder, folder):
    stages = []
    report = evaluate_mmeb(encoder, folder, progress=lambda p: stages.append(p.stage))
    assert [s.task for s in report.scores] == ["CIRR", "ImageNet-1K", "MSCOCO_t2i", "NIGHTS"]
    for score in report.scores:
        assert score.precision_at_1 == pytest.approx(_by_hand(encoder, folder, score.task))
        assert (score.n_queries, score.n_lost, score.skipped) == (6, 0, ())
        assert score.chance == pytest.approx(1 / 6)
    assert report.scores[3].precision_at_1 > 0.5  # the same picture on both sides
    assert report.mean == pytest.approx(np.mean([s.precision_at_1 for s in report.scores]))
    assert set(report.by_category) == {"classification", "retrieval"}
    assert {"CIRR, images", "ImageNet-1K, captions"} <= set(stages)
    assert len(report.missing) == 32
    written = json.loads(json.dumps(report.as_dict()))
    assert written["mean_precision_at_1"] == report.mean
    assert [t["task"] for t in written["tasks"]] == ["CIRR", "ImageNet-1K", "MSCOCO_t2i", "NIGHTS"]


def test_a_side_with_text_and_picture_is_the_unit_sum_of_both(encoder, folder):
    opened = MMEB(folder)
    task = opened.task("CIRR")
    vectors, broken = encode_sides(encoder, opened, task.queries, progress=lambda _: None)
    text = encoder.encode_texts(["like"])[0].numpy()
    picture = decode_image((folder / "images/red.png").read_bytes())
    image = encoder.encode_images(encoder.preprocess(picture)[None])[0].numpy()
    wanted = (text + image) / np.linalg.norm(text + image)
    np.testing.assert_allclose(
        vectors[task.queries[0]], wanted, atol=1e-6
    )  # float32 in batches of another size
    assert (len(vectors), broken) == (6, {})


def test_broken_pictures_cost_their_queries_and_candidates_only(encoder, folder):
    (folder / "images/red.png").write_bytes(b"no picture")
    (folder / "images/green.png").unlink()
    report = evaluate_mmeb(encoder, folder, tasks=["MSCOCO_t2i", "ImageNet-1K"])
    pictures, classes = report.scores
    for score in (pictures, classes):
        assert (score.n_queries, score.n_lost) == (4, 2)
    assert pictures.chance == pytest.approx(1 / 4)
    assert classes.chance == pytest.approx(1 / 6)
    reasons = {s.item: s.reason for s in pictures.skipped}
    assert "not a picture" in reasons["MSCOCO_t2i, candidate red.png"]
    assert "there is no file green.png" in reasons["MSCOCO_t2i, row 1"]
    assert len(pictures.skipped) == 4


def test_a_task_that_cannot_be_scored_does_not_cost_the_others(encoder, folder):
    (folder / "CIRR.jsonl").write_text("{\n")
    report = evaluate_mmeb(encoder, folder)
    assert [s.task for s in report.scores] == ["ImageNet-1K", "MSCOCO_t2i", "NIGHTS"]
    ((task, reason),) = report.as_dict()["failed"]
    assert (task, "must have at least one usable query" in reason) == ("CIRR", True)
    with pytest.raises(DataError, match="CIRR must have at least one usable query"):
        evaluate_mmeb(encoder, folder, tasks=["CIRR"])
    with pytest.raises(DataError, match=r"tasks must name some of CIRR, .*; got VOC2007"):
        evaluate_mmeb(encoder, folder, tasks=["CIRR", "VOC2007"])


def test_an_exception_of_the_callback_cancels(encoder, folder):
    class Stopped(Exception):
        pass

    def stop(_):
        raise Stopped

    with pytest.raises(Stopped):
        evaluate_mmeb(encoder, folder, progress=stop)


def test_the_benchmark_has_36_data_sets_of_four_kinds():
    assert len(TASKS) == len(set(TASKS)) == 36
    assert {kind: len(names) for kind, names in CATEGORIES.items()} == {
        "classification": 10,
        "question answering": 10,
        "retrieval": 12,
        "grounding": 4,
    }


def test_published_rows_are_those_of_their_authors_and_say_so():
    found = {row.model: row.precision_at_1 for row in published_mmeb()}
    assert found == {
        "FANoise": 66.4,
        "VLM2Vec, Qwen2-VL-7B": 65.8,
        "SDE": 65.6,
        "MegaPairs": 64.1,
        "VLM2Vec, LLaVA-1.6, high resolution": 62.9,
        "UniIR": 44.7,
        "CLIP-L": 37.8,
        "BLIP2": 25.2,
    }
    content = json.loads((data_folder() / "published/mmeb.json").read_text())
    assert "nothing here was measured by this project" in content["label"]
    assert [row["precision_at_1"] for row in content["rows"]] == sorted(found.values(), reverse=True)
