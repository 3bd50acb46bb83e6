"""Lay out the UMAPs of the bundled sets again: `python -m data.maps_recipe` from the top of the checkout.

They are those that the Subspaces view asks for first, of each set and of the part that it opens on: of pictures,
captions and both, and the three atlases by the bands of the rule that it opens with. What the view asks for otherwise
it lays out itself.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sde_core.files import bundled
from sde_explorer.jobs import Job, queue
from sde_explorer.readings.cached import sets
from sde_explorer.state import DEFAULT
from sde_explorer.subspaces.cached import atlas, maps

OF = ("image", "text", "both")


def main() -> None:
    """Lay them out in an empty folder, and put them in the place of those that are there."""
    shutil.rmtree(bundled.maps_folder(), ignore_errors=True)
    with tempfile.TemporaryDirectory() as room:
        os.environ["SDE_CACHE"] = room
        for name in bundled.PAIR_SETS:
            for job in jobs_of(name):
                job.wait()
                print(f"{name}: {job.title}, {job.status} {job.error}", flush=True)
        shutil.copytree(Path(room) / "maps", bundled.maps_folder())


def jobs_of(name: str) -> Iterator[Job]:
    """Yield the jobs of all maps of a bundled set that come along, one after another: of it, and of its first part."""
    for part in ((), sets.opening_part(name, DEFAULT.encoder)):
        state = replace(DEFAULT, data=name, part=part, map="UMAP")
        data = sets.dataset(sets.entry_of(state), part)
        yield from atlas.layouts(data, state)
        for of in OF:
            yield queue.submit(maps.umap(data, replace(state, map_of=of)))


if __name__ == "__main__":
    main()
