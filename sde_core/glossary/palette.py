"""One colour for each band and modality: on the page, in reports and in figures, the same in both themes.

Words need more contrast than marks: `TEXT` has the shades of each hue that reach 4.5 to 1, on a light page and on a
dark one.
"""

BAND = {"strong": "#00a878", "weak": "#c98a00", "noise": "#6e6e78"}
MODALITY = {"image": "#2b8cc4", "text": "#c56a9a"}
LAW = "#c8430a"
"""What pure noise would give: the one colour that is no band and no modality."""

TEXT = {
    "image": ("#1b6c9c", "#62b5e6"), "text": ("#a03f76", "#e391bf"),
    "strong": ("#00734f", "#2fc398"), "weak": ("#8a5d00", "#e3aa3c"), "noise": ("#5f6670", "#a8b0ba"),
}  # fmt: skip
"""Name -> its colour as words, on a light and on a dark page."""
