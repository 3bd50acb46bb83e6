"""Colours of one chart under the colour-vision deficiencies that Chromium simulates, and their contrast."""

import io
from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageCms
from playwright.sync_api import Browser

from sde_explorer.ui.figures import palette

pytestmark = pytest.mark.browser
TOGETHER = {
    "bands, and the law of noise": [*palette.BAND.values(), palette.LAW],
    "kinds of spectra": [*palette.MODALITY.values(), palette.JOINT, palette.LAW],
    "flags": palette.FLAG,
    "runs": palette.RUN,
    "changes": palette.CHANGE.values(),
    "gains": [palette.GAIN[0][1], palette.GAIN[2][1]],
    "amounts": [colour for _, colour in palette.AMOUNT],
}
"""What one chart shows -> its colours."""
_LAB = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
_SIZE = 20


def _lab(picture: Image.Image) -> np.ndarray:
    """Return lightness in [0, 100] and the two axes of colour around 0, (h, w, 3)."""
    raw = np.asarray(ImageCms.applyTransform(picture, _LAB))
    axes = raw[..., 1:].view(np.int8).astype(float)
    return np.dstack([raw[..., 0] * (100 / 255), axes])


@pytest.mark.parametrize("deficiency", ["none", "protanopia", "deuteranopia", "tritanopia"])
def test_colours_of_one_chart_keep_apart(chromium: Browser, deficiency):
    context = chromium.new_context(viewport={"width": 200, "height": _SIZE})
    page = context.new_page()
    kind = {"type": deficiency}
    context.new_cdp_session(page).send("Emulation.setEmulatedVisionDeficiency", kind)
    for chart, colours in TOGETHER.items():
        fields = "".join(
            f"<i style='flex:none;width:{_SIZE}px;height:{_SIZE}px;background:{colour}'></i>"
            for colour in colours
        )
        page.set_content(f"<body style='margin:0;display:flex'>{fields}")
        seen = _lab(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        middles = seen[_SIZE // 2, _SIZE // 2 :: _SIZE][: len(colours)]
        for (i, a), (j, b) in combinations(enumerate(middles), 2):
            # 2.3 is a just noticeable difference; lines and marks are small.
            assert np.linalg.norm(a - b) > 12, (chart, i, j)
    context.close()
