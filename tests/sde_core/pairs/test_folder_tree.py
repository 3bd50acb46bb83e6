import os

import pytest

from sde_core.errors import DataError
from sde_core.pairs.folder_tree import FolderTree


def _files(tree):
    return [folder + name for folder, names in tree.folders() for name in names]


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "set"
    (root / "inner").mkdir(parents=True)
    (root / "b.txt").write_bytes(b"b")
    (root / "inner" / "a.txt").write_bytes(b"aa")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    return root


def test_files_are_listed_in_order_and_read(folder):
    tree = FolderTree(folder)
    assert sorted(tree.top()) == ["b.txt", "inner/"]
    assert _files(tree) == ["b.txt", "inner/a.txt"]
    assert (tree.size("inner/a.txt"), tree.read("./inner/a.txt"), tree.refused()) == (2, b"aa", ())


def test_links_are_followed_inside_only(folder):
    (folder / "good.txt").symlink_to(folder / "b.txt")
    (folder / "bad.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "dangling.txt").symlink_to(folder / "nothing")
    (folder / "loop").symlink_to(folder)
    (folder / "out").symlink_to(folder.parent)
    tree = FolderTree(folder)
    assert _files(tree) == ["b.txt", "good.txt", "inner/a.txt"]
    reasons = {s.item: s.reason for s in tree.refused()}
    assert set(reasons) == {"bad.txt", "dangling.txt", "loop", "out"}
    assert "is a link out of" in reasons["bad.txt"]
    for name in ("bad.txt", "out/secret.txt"):
        with pytest.raises(DataError, match="a link out of"):
            tree.read(name)
    assert tree.read("good.txt") == b"b"


def test_a_root_that_is_a_link_is_the_users_own_choice(folder):
    link = folder.parent / "link"
    link.symlink_to(folder)
    tree = FolderTree(link)
    assert _files(tree) == ["b.txt", "inner/a.txt"]
    assert tree.inside(str(folder / "b.txt")) == tree.inside(str(link / "b.txt")) == "b.txt"
    with pytest.raises(DataError, match="lies outside"):
        tree.inside(str(folder.parent / "secret.txt"))


def test_what_is_no_plain_file_is_refused_and_does_not_block(folder):
    os.mkfifo(folder / "pipe.txt")
    tree = FolderTree(folder)
    assert "pipe.txt" not in _files(tree)
    for name, reason in (("pipe.txt", "not a regular file"), ("inner", "not a regular"), ("x", "no file x")):
        with pytest.raises(DataError, match=reason):
            tree.read(name)
    with pytest.raises(DataError, match="at most 1 bytes; it has 2"):
        tree.read("inner/a.txt", limit=1)
    with pytest.raises(DataError, match="must be a readable folder"):
        _files(FolderTree(folder / "none"))
