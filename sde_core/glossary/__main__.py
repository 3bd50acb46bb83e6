"""Print docs/glossary.md: ``python -m sde_core.glossary > docs/glossary.md``."""

from sde_core.glossary.page import as_markdown

if __name__ == "__main__":
    print(as_markdown(), end="")
