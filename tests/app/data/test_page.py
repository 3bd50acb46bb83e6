"""The Data page: look at pairs and vectors, open them, find them again; every error where it happened."""

import io
import re
import shutil

import numpy as np
import pytest
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

from sde_core import EmbeddingSet
from sde_explorer import intake
from sde_explorer.data import choice
from sde_explorer.intake import read_recent
from sde_explorer.jobs import queue
from sde_explorer.readings.cached import pictures
from sde_explorer.readings.cached import sets as cached_sets
from tests.app.conftest import control, spiked
from tests.fixtures import picture_bytes


def texts(at) -> str:
    kinds = ("markdown", "caption", "info", "error", "warning", "success")
    return "\n".join(e.value for kind in kinds for e in getattr(at, kind))


def pages(at) -> str:
    return "\n".join(e.proto.body for e in at.get("html"))


def typed(at, key: str, text: str) -> None:
    """Type a new option into a box: AppTest itself chooses only from the list."""
    box = at.selectbox(key=key)
    box.options.append(text)
    box.set_value(text)


def looked(at, source: str, format: str = "detect"):
    typed(at, "data_path", source)
    at.selectbox(key="data_format").set_value(format).run()
    return at.button(key="data_look").click().run()


def ended(at):
    """Wait for the job of the page, and run the page as its clock does."""
    job = at.session_state["data_job"]
    assert queue.find(job.key) is job
    assert job.wait(120)
    return at.run()


def npz_bytes(n: int = 40, width: int = 6) -> bytes:
    rng = np.random.default_rng(0)
    content = io.BytesIO()
    np.savez(
        content, image=rng.normal(size=(n, width)).astype("f4"), text=rng.normal(size=(n, width)).astype("f4")
    )
    return content.getvalue()


def test_the_page_says_what_is_open_and_offers_three_ways_in(open_page):
    at = open_page("data")
    assert not at.exception
    assert not at.error
    assert at.segmented_control(key="data_where").options == ["Path", "Upload", "Hub"]
    assert at.title[0].value == "917 images, 646 texts, nothing skipped"
    assert pages(at).count("data:image/webp;base64") == 40
    assert "Sets that you open are listed here" in texts(open_page("data", data_part="Opened lately"))
    at.segmented_control(key="data_where").set_value("Hub").run()
    assert at.text_input(key="data_hub").placeholder == "organisation/name"


def test_a_table_whose_pictures_lie_elsewhere_is_looked_at_encoded_and_shown(open_page, tmp_path):
    (tmp_path / "lists").mkdir()
    (tmp_path / "pictures").mkdir()
    rows = ["filepath\ttitle"]
    for i, colour in enumerate(("red", "green", "blue", "white")):
        (tmp_path / "pictures" / f"{i}.png").write_bytes(picture_bytes(colour, (40, 40), "PNG"))
        rows.append(f"/mnt/elsewhere/{i}.png\ta {colour} square")
    table = tmp_path / "lists" / "train.tsv"
    table.write_text("\n".join(rows) + "\n")
    at = looked(open_page("data"), str(table))
    assert "**4 pairs**" not in texts(at)
    at.text_input(key="data_root").set_value(str(tmp_path / "pictures")).run()
    at = at.button(key="data_look").click().run()
    assert "**4 pairs**, format **table**" in texts(at)
    assert pages(at).split("sde-preview")[-1].count("data:image/webp;base64") == 4
    next(b for b in at.button if b.label == "Encode").click().run()
    at = ended(at)
    assert not at.exception
    assert "encoded, saved and opened" in texts(at)
    recent = read_recent(cached_sets.cache_folder())[0]
    assert (recent.source, recent.root) == (str(table), str(tmp_path / "pictures"))
    assert len(pictures.pairs(str(table))) == 4  # its pictures are found again


def test_pairs_are_previewed_encoded_opened_and_remembered(open_page, write_shard, good_members):
    odd = [("odd.webp", b"no picture"), ("odd.txt", b"<b>caption</b>")]
    shard = str(write_shard([*good_members, *odd]))
    at = looked(open_page("data"), shard)
    assert not at.exception
    assert "**6 pairs**, format **webdataset**. The first 6, 1 of which cannot be used:" in texts(at)
    assert pages(at).split("sde-preview")[-1].count("data:image/webp;base64") == 5
    assert "&lt;b&gt;caption" in pages(at)
    assert "<b>caption" not in pages(at)
    next(b for b in at.button if b.label == "Encode").click().run()
    at = ended(at)
    assert not at.exception
    assert "encoded, saved and opened" in texts(at)
    assert "1 item was skipped and listed below" in texts(at)
    assert control(at, "data_pick").value == shard
    assert "5 images" in texts(at)
    (entry,) = read_recent(cached_sets.cache_folder())
    assert (entry.data, entry.source, entry.n_images) == (shard, shard, 5)
    again = open_page("data", data=shard)
    assert not again.error
    assert "1 item was skipped" in [e.label for e in again.expander]
    at = looked(at, "/no/such/place")
    assert "there is no /no/such/place" in at.error[0].value
    assert not at.success  # what the last encoding came to is not the answer to this look


def test_a_look_that_another_press_breaks_off_is_done_in_the_next_run(open_page, tmp_path, monkeypatch):
    content = tmp_path / "own.npz"
    content.write_bytes(npz_bytes())
    asked = []

    def look(*given, **more):
        if not asked:  # what the browser asks for while it is looked at
            get_script_run_ctx().script_requests.request_rerun(RerunData())
        asked.append(given)
        return intake.look(*given, **more)

    monkeypatch.setattr(choice, "look", look)
    at = looked(open_page("data"), str(content))
    assert len(asked) == 2
    assert "**40 pictures and 40 captions**" in texts(at)


def test_vectors_are_uploaded_opened_and_every_view_works(open_page):
    at = open_page("data")
    at.segmented_control(key="data_where").set_value("Upload").run()
    at.file_uploader(key="data_upload").set_value([("../my set.npz", npz_bytes(), "application/zip")]).run()
    assert not at.exception
    assert "**40 pictures and 40 captions**, 6 dimensions, float32, format **npz**" in texts(at)
    assert "The pictures are not known" in texts(at)
    at.button(key="vectors_open").click().run()
    at = ended(at)
    assert not at.exception
    assert "read, saved and opened" in texts(at)
    name = control(at, "data_pick").value
    assert name.startswith("my-set-")
    assert (cached_sets.cache_folder() / "uploads").is_dir()
    for page in ("overview", "data", "spectrum", "curriculum"):
        shown = open_page(page, data=name)
        assert not shown.exception, page
        assert not shown.error, page


def test_pictures_are_found_by_the_words_of_their_captions(open_page):
    at = open_page("data", part="all")
    at.text_input(key="data_find").set_value("Wedding").run()
    assert not at.exception
    [found] = [c.value for c in at.caption if "of 5,418 images" in c.value]
    count = int(found.split()[0])
    assert pages(at).count("data:image/webp;base64") == count > 0
    titles = re.findall(r'<figure title="(.*?)"', pages(at))
    assert all("wedding" in title.casefold() for title in titles)
    at.text_input(key="data_find").set_value("no caption says this").run()
    assert any("type fewer of them" in info.value for info in at.info)


def test_several_uploaded_files_are_one_set(open_page):
    rng = np.random.default_rng(1)
    files = []
    for name in ("image.npy", "text.npy"):
        content = io.BytesIO()
        np.save(content, rng.normal(size=(12, 4)).astype("f4"))
        files.append((name, content.getvalue(), "application/octet-stream"))
    files.append(("captions.txt", "\n".join(f"caption {i}" for i in range(12)).encode(), "text/plain"))
    at = open_page("data")
    at.segmented_control(key="data_where").set_value("Upload").run()
    at.file_uploader(key="data_upload").set_value(files).run()
    assert "**12 pictures and 12 captions**" in texts(at)
    assert "There are no captions" not in texts(at)


def test_options_for_vectors_answer_at_once(open_page, tmp_path):
    rng = np.random.default_rng(2)
    np.save(tmp_path / "a.npy", rng.normal(size=(10, 4)).astype("f4"))
    np.save(tmp_path / "b.npy", rng.normal(size=(20, 4)).astype("f4"))
    at = looked(open_page("data"), str(tmp_path / "a.npy"))
    assert not at.error  # images alone are a set
    at.text_input(key="vectors_text").set_value(str(tmp_path / "b.npy")).run()
    assert "**10 pictures and 20 captions**" in texts(at)
    at.segmented_control(key="vectors_pairing").set_value("by row").run()
    assert "as many captions as pictures; got 20 and 10" in at.error[0].value
    np.save(tmp_path / "index.npy", np.arange(20) // 2)
    at.text_input(key="vectors_index").set_value(str(tmp_path / "index.npy"))
    at.segmented_control(key="vectors_pairing").set_value("by index").run()
    assert not at.error
    assert "by an index" in texts(at)


@pytest.mark.parametrize(
    ("source", "format", "words"),
    [
        ("/no/such/place", "detect", "there is no /no/such/place"),
        ("{broken}", "detect", "broken.npz"),
        ("{broken}", "pairs: webdataset", "broken.npz"),
    ],
)
def test_bad_input_is_one_sentence_and_the_page_works_on(open_page, tmp_path, source, format, words):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK\x03\x04 not a zip")
    at = looked(open_page("data"), source.format(broken=broken), format)
    assert not at.exception
    assert len(at.error) == 1
    assert words in at.error[0].value
    at = looked(at, "clipart/val")
    assert not at.error
    assert "**257 pairs**" in texts(at)


def test_what_is_asked_for_and_not_encoded_stands_in_the_box(open_page, write_shard, good_members):
    shard = str(write_shard(good_members))
    at = open_page("data", data=shard)
    assert "has not been encoded here yet" in at.error[0].value
    assert at.selectbox(key="data_path").value == shard
    at.button(key="data_look").click().run()
    assert "**5 pairs**" in texts(at)


def test_sets_are_found_again_and_those_that_vanished_are_marked_and_removed(open_page, tmp_path):
    folder = spiked(20, 8).save(tmp_path / "kept")
    other = spiked(25, 8).save(tmp_path / "other")
    for data in (folder, other):
        assert not open_page("data", data=str(data)).exception
    shutil.rmtree(folder)
    at = open_page("data", data_part="Opened lately")
    shown = pages(at)
    assert shown.count("no longer there") == 1
    gone, kept = f"recent_open {folder} unknown", f"recent_open {other} unknown"
    assert at.button(key=gone).disabled
    at.button(key=kept).click().run()
    assert control(at, "data_pick").value == str(other)
    assert "25 images" in texts(at)
    at.button(key=f"recent_remove {folder} unknown").click().run()
    assert "no longer there" not in pages(at)
    assert [entry.data for entry in read_recent(cached_sets.cache_folder())] == [str(other)]
    assert EmbeddingSet.load(other).n_images == 25
