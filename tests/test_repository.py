"""What the repository promises about itself: commands, sizes, names."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from sde_core.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[1]


def test_the_readme_has_the_two_commands_that_ci_runs():
    readme, ci = (ROOT / "README.md").read_text(), (ROOT / ".ci/run").read_text()
    assert "pip install -r requirements.txt && streamlit run app/main.py" in readme
    assert "pip install -r requirements-dev.txt && pytest" in readme
    for part in (
        "pip install -q -r requirements.txt",
        "streamlit run app/main.py",
        "pip install -q -r requirements-dev.txt",
    ):
        assert part in ci
    assert re.search(r"^SDE_REQUIRE_BROWSER=1 pytest ", ci, re.M)


def test_requirements_end_by_installing_the_project():
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert (ROOT / name).read_text().splitlines()[-1].startswith("-e .")


def test_every_dependency_has_a_lower_and_an_upper_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    for requirement in (r for group in groups for r in group if not r.startswith("sde-explorer")):
        assert re.search(r">=[\d.]+,<[\d.]+$", requirement), requirement


def test_the_image_starts_as_docs_say_and_not_as_root():
    lines = (ROOT / "Dockerfile").read_text()
    (start,) = re.findall(r"^ENTRYPOINT (\[.*\])$", lines, re.M)
    program, command, *options = json.loads(start)
    assert (program, command) == ("sde", "app")
    assert build_parser().parse_args([command, *options]).root == ["/data"]
    assert lines.index("USER 10001") < lines.index("ENTRYPOINT")
    assert "pip install -r requirements.txt" in lines
    assert "/_stcore/health" in lines
    assert lines.index("COPY pyproject.toml") < lines.index("COPY . .")


def test_bundled_data_stays_small():
    total = sum(p.stat().st_size for p in (ROOT / "data").rglob("*") if p.is_file())
    assert total <= 40 * 2**20


def test_the_release_is_of_the_version_that_the_changelog_names():
    check = subprocess.run(
        [sys.executable, ".ci/check_release.py", "version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stderr


def test_every_file_that_the_page_reads_is_package_data():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    for package, folder in (("sde_explorer", ROOT / "app/sde_explorer"), ("sde_core", ROOT / "sde_core")):
        given = {path for pattern in tool["package-data"][package] for path in folder.glob(pattern)}
        others = {p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
        assert others <= given


def test_the_citation_and_the_forms_of_issues_can_be_read():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "title", "message", "authors", "version"} <= cited.keys()
    assert [paper["url"] for paper in cited["references"]] == ["https://arxiv.org/abs/2602.09066"]
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) > 1
    for path in forms:
        form = yaml.safe_load(path.read_text("utf-8"))
        if path.name != "config.yml":
            assert {"name", "description", "body"} <= form.keys(), path.name
            assert all("id" in part and "label" in part["attributes"] for part in form["body"]), path.name


def test_links_between_pages_lead_to_files():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link) for page in pages for link in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    ]
    local = [(page, link) for page, link in links if "://" not in link]
    assert len(local) > 50
    lost = [f"{page.relative_to(ROOT)}: {link}" for page, link in local if not (page.parent / link).exists()]
    assert not lost


def test_every_trainer_has_a_page_and_every_script_of_one_a_test():
    pages = {path.name: path.read_text("utf-8") for path in (ROOT / "docs" / "trainers").glob("*.md")}
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert all(f"]({name})" in pages["index.md"] for name in pages if name != "index.md")
    for script in (ROOT / "docs" / "examples").glob("train_*.py"):
        assert any(f"](../examples/{script.name})" in text for text in pages.values()), script.name
        assert script.name in tests, script.name
