"""The README's moving picture keeps its frames and their times, in a file of modest size."""

from PIL import Image, ImageDraw

from sde_explorer.recording import BYTES, SCENES, Frame, save
from sde_explorer.screenshots import VIEWS


def test_frames_and_their_times_are_kept(tmp_path):
    shown = []
    for place, ms in enumerate((900, 90, 90)):
        picture = Image.new("RGB", (320, 200), "white")
        ImageDraw.Draw(picture).rectangle((40 * place, 20, 40 * place + 30, 60), fill="navy")
        shown.append(Frame(picture, ms))
    save(shown, tmp_path / "tour.webp")
    assert (tmp_path / "tour.webp").stat().st_size < BYTES
    with Image.open(tmp_path / "tour.webp") as tour:
        assert (tour.n_frames, tour.info["loop"]) == (3, 0)
        times = []
        for place in range(tour.n_frames):
            tour.seek(place)
            tour.load()
            times.append(tour.info["duration"])
            assert tour.convert("RGB").getpixel((40 * place + 15, 40))[0] < 60
    assert times == [900, 90, 90]


def test_every_scene_is_a_view():
    assert set(SCENES) <= set(VIEWS)
