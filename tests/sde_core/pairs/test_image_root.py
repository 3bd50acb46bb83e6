"""Pictures that lie elsewhere than their table, and links: on one's own word they are followed, otherwise not."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sde_core as sde
from sde_core.cli.main import main
from tests.fixtures import picture_bytes


@pytest.fixture
def places(tmp_path):
    """Pictures in data/images and a table in lists/, as open_clip's users keep them."""
    (tmp_path / "data" / "images").mkdir(parents=True)
    (tmp_path / "lists").mkdir()
    for colour in ("red", "blue"):
        (tmp_path / "data" / "images" / f"{colour}.webp").write_bytes(picture_bytes(colour))
    return tmp_path


def _table(places, names):
    path = places / "lists" / "train.csv"
    path.write_text("filepath,title\n" + "".join(f"{name},caption {i}\n" for i, name in enumerate(names)))
    return path


@pytest.mark.parametrize(
    "start", ["{here}/data/images/", "/mnt/other/data/images/", "E:\\\\sets\\\\images\\\\", "images/"],
    ids=["absolute", "of another machine", "of Windows", "relative"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_names_lead_below_the_root(places, start, kind):
    start = start.format(here=places).replace("\\\\", "\\")
    names = [f"{start}red.webp", f"{start}blue.webp", f"{start}gone.webp"]
    path = _table(places, names)
    if kind == "parquet":
        path = path.with_suffix(".parquet")
        pq.write_table(
            pa.table({"filepath": names, "caption": ["caption 0", "caption 1", "caption 2"]}), path
        )
    pairs = sde.open_pairs(path, image_root=places / "data")
    assert [p.captions for p in pairs] == [("caption 0",), ("caption 1",)]
    assert [p.read_image() for p in pairs] == [picture_bytes("red"), picture_bytes("blue")]
    assert len(pairs.skipped) == 1
    assert pairs.find(next(iter(pairs)).id).read_image() == picture_bytes("red")


def test_without_a_root_nothing_outside_is_read_and_the_sentence_names_it(places):
    pairs = sde.open_pairs(_table(places, [f"{places}/data/images/red.webp"]))
    assert list(pairs) == []
    assert "name their folder as image_root" in pairs.skipped[0].reason


def test_nothing_above_the_root_is_read(places):
    (places / "secret.webp").write_bytes(picture_bytes())
    names = ["../secret.webp", f"{places}/data/../secret.webp", "/x/../../secret.webp"]
    pairs = sde.open_pairs(_table(places, names), image_root=places / "data")
    assert list(pairs) == []


def test_the_command_line_takes_the_root(places, capsys):
    table = str(_table(places, [f"{places}/data/images/{colour}.webp" for colour in ("red", "blue")]))
    assert main(["check", table, "--image-root", str(places / "data"), "--json"]) in (0, 1)
    assert '"n_images": 2' in capsys.readouterr().out
    assert main(["check", table, "--image-root", str(places / "nowhere")]) == 2
    assert "image_root must be a folder" in capsys.readouterr().err


def test_links_inside_a_root_of_the_user_s_own_are_followed(places):
    folder = places / "linked"
    folder.mkdir()
    (folder / "a.webp").symlink_to(places / "data" / "images" / "red.webp")
    (folder / "a.txt").write_text("red")
    (folder / "more").symlink_to(places / "data" / "images")
    (folder / "round").symlink_to(folder)
    (places / "data" / "images" / "blue.txt").write_text("blue")
    with pytest.raises(
        sde.DataError, match=r"none was found \(a.webp and 2 more was not read: a.webp is a link out"
    ):
        sde.open_pairs(folder)
    followed = sde.open_pairs(folder, image_root=places)
    assert {p.id: p.captions for p in followed} == {"a": ("red",), "more/blue": ("blue",)}
    assert {p.id: p.read_image() for p in followed}["a"] == picture_bytes("red")


@pytest.mark.parametrize("layout", ["table", "shard", "parquet"])
def test_a_snapshot_in_the_hub_s_cache_opens(tmp_path, layout, write_shard, good_members):
    """models--/datasets--: a snapshot's files are links to blobs beside it, under names that are hashes."""
    repository = tmp_path / "hub" / "datasets--me--cats"
    snapshot = repository / "snapshots" / "0a1b2c"
    (repository / "blobs").mkdir(parents=True)
    (snapshot / "data").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0a1b2c")
    if layout == "table":
        files = {"a.webp": picture_bytes(), "metadata.csv": b"file_name,text\na.webp,one\n"}
    elif layout == "shard":
        files = {"data/0.tar": write_shard(good_members).read_bytes()}
    else:
        pq.write_table(pa.table({"image": [picture_bytes()], "text": ["one"]}), tmp_path / "x.parquet")
        files = {"data/0.parquet": (tmp_path / "x.parquet").read_bytes()}
    for number, (name, content) in enumerate(files.items()):
        (repository / "blobs" / f"{number:040x}").write_bytes(content)
        target = os.path.relpath(repository / "blobs" / f"{number:040x}", (snapshot / name).parent)
        (snapshot / name).symlink_to(target)
    expected = 5 if layout == "shard" else 1
    assert len(sde.open_pairs(repository)) == expected  # the folder of the repository: what refs/main names
    top = snapshot if layout == "table" else snapshot / "data"
    pairs = sde.open_pairs(top)
    assert len(list(pairs)) == expected
    assert pairs.skipped == ()
    assert all(p.read_image() for p in pairs)
