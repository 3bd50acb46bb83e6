"""The colours of the dashboard, for reports; a test holds them equal to the page's and to the theme."""

BAND = {"strong": "#00a878", "weak": "#c98a00", "noise": "#6e6e78"}
MODALITY = {"image": "#2b8cc4", "text": "#c56a9a"}
LAW = "#c8430a"

LIGHT = {
    "page": "#ffffff", "panel": "#f4f5f7", "ink": "#1d2430", "border": "#dfe3e8", "accent": "#1b6c9c",
    "strong-text": "#00734f", "weak-text": "#8a5d00", "noise-text": "#5f6670", "image-text": "#1b6c9c",
    "text-text": "#a03f76",
}  # fmt: skip
DARK = {
    "page": "#12161c", "panel": "#1b212a", "ink": "#e7ebf0", "border": "#303844", "accent": "#4aa5da",
    "strong-text": "#2fc398", "weak-text": "#e3aa3c", "noise-text": "#a8b0ba", "image-text": "#62b5e6",
    "text-text": "#e391bf",
}  # fmt: skip


def variables() -> str:
    """Return both themes as CSS variables."""
    fixed = {**BAND, **MODALITY, "law": LAW}

    def block(theme: dict[str, str]) -> str:
        return "".join(f"--{name}:{value};" for name, value in theme.items())

    return (
        f":root{{color-scheme:light dark;{block(fixed)}{block(LIGHT)}}}"
        f"@media (prefers-color-scheme: dark){{:root{{{block(DARK)}}}}}"
    )
