"""Data sets of the Hugging Face hub by name, through the package `datasets`: downloaded, never decoded, no code run."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sde_core.errors import DataError
from sde_core.files.hub import hub_answers, offline_when_unreachable
from sde_core.pairs.folder_tree import FolderTree

if TYPE_CHECKING:
    from datasets import Dataset

_PART = r"[A-Za-z0-9][\w.-]*"
_NAME = re.compile(rf"hf://(?:datasets/)?({_PART}/{_PART})(?::({_PART}))?(?:/({_PART}))?/?")


def download(uri: str) -> tuple[FolderTree, list[str]]:
    """Return the hub's cache folder and the names in it of the Arrow files of one split.

    Args:
        uri: "hf://organisation/name", with ":configuration" and "/split" where there are several.

    Raises:
        DataError: not such a name, the package is missing, the hub or the set cannot be reached, or several
            splits and none named.
    """
    match = _NAME.fullmatch(uri)
    if match is None:
        raise DataError(
            f"a hub name must be hf://organisation/name, :configuration and /split after it; got {uri!r}"
        )
    dataset = _loaded(uri, *match.groups())
    files = [Path(file["filename"]).resolve() for file in dataset.cache_files]
    if not files:
        raise DataError(f"{uri} has no rows")
    root = _cache()
    if not files[0].is_relative_to(root):  # HF_DATASETS_CACHE lies elsewhere
        root = files[0].parent
    return FolderTree(root), [str(file.relative_to(root)) for file in files]


def _loaded(uri: str, name: str, configuration: str | None, split: str | None) -> "Dataset":
    try:
        import datasets
    except ImportError:
        raise DataError(
            f"{uri} needs the package datasets, which is not installed: pip install -e .[datasets]"
        ) from None
    with offline_when_unreachable():
        try:
            builder = datasets.load_dataset_builder(name, configuration)
            split = split or _only_split(uri, builder)
            return datasets.load_dataset(name, configuration, split=split)
        except DataError:
            raise
        except Exception as error:
            # Builders and hub clients raise many kinds (HTTP, timeouts, configuration): to the user they are one.
            raise DataError(_unreachable(uri, error)) from error


def _only_split(uri: str, builder: Any) -> str:  # noqa: ANN401  (a DatasetBuilder, which has no types here)
    splits = [str(name) for name in builder.info.splits or ()]
    if not splits:
        from datasets import get_dataset_split_names

        splits = get_dataset_split_names(builder.repo_id, builder.config.name)
    if len(splits) != 1:
        offer = " or ".join(f"{uri.rstrip('/')}/{split}" for split in splits[:5])
        raise DataError(f"{uri} has {len(splits)} splits: open one of them, {offer}")
    return splits[0]


def _unreachable(uri: str, error: Exception) -> str:
    """Return why a data set does not arrive, and what to do."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    if isinstance(error, ValueError) and not isinstance(
        error, OSError
    ):  # a split or configuration that is not there
        return f"{uri} cannot be opened: {' '.join(lines[:2])[:300].rstrip('. ')}"
    if not hub_answers():
        return (
            f"{uri} is not on this machine and the hub cannot be reached: "
            "download it where there is a network and open the folder that save_to_disk writes"
        )
    if isinstance(error, FileNotFoundError):
        return f"the hub has no data set of the name {uri}, or it is private: check its name, or log in to the hub"
    return f"the hub does not give {uri}: {lines[0][:300].rstrip('. ')}"


def _cache() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HOME).resolve()
