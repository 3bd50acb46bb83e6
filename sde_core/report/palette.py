"""The two themes of a report as CSS variables; the hues are those of `sde_core.glossary.palette`."""

from sde_core.glossary.palette import BAND, LAW, MODALITY, TEXT

_PAGES = (
    {"page": "#ffffff", "panel": "#f4f5f7", "ink": "#1d2430", "border": "#dfe3e8", "accent": "#1b6c9c"},
    {"page": "#12161c", "panel": "#1b212a", "ink": "#e7ebf0", "border": "#303844", "accent": "#4aa5da"},
)
LIGHT, DARK = (
    page | {f"{name}-text": shades[theme] for name, shades in TEXT.items()}
    for theme, page in enumerate(_PAGES)
)


def variables() -> str:
    """Return both themes as CSS variables."""
    fixed = {**BAND, **MODALITY, "law": LAW}

    def block(theme: dict[str, str]) -> str:
        return "".join(f"--{name}:{value};" for name, value in theme.items())

    return (
        f":root{{color-scheme:light dark;{block(fixed)}{block(LIGHT)}}}"
        f"@media (prefers-color-scheme: dark){{:root{{{block(DARK)}}}}}"
    )
