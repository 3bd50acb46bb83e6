"""Which packages there are; everything else stands in pyproject.toml.

The bundled data lie in `data/` of the checkout and are installed under a name that nobody else's `data` collides with.
"""

from setuptools import find_packages, setup

DATA = "sde_explorer_data"

setup(
    packages=[
        *find_packages(".", include=["sde_core*"]),
        *find_packages("app", include=["sde_explorer*"]),
        DATA,
    ],
    package_dir={"": ".", "sde_explorer": "app/sde_explorer", DATA: "data"},
)
