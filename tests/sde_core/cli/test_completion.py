"""The shell is told what may come next, also for options that are declared when a command is first used."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sde_core.cli.main import main


def _offered(line: str, tmp_path) -> set[str]:
    """What the command line offers at the end of a line, as a shell asks."""
    answer = tmp_path / "answer"
    asked = os.environ | {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    code = "import sys; sys.argv[0] = 'sde'; from sde_core.cli.main import main; main()"
    subprocess.run([sys.executable, "-c", code], env=asked, check=True)
    return {*answer.read_text().split("\n")}


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("sde s", {"spectrum"}),
        ("sde spectrum --mod", {"--modality"}),
        ("sde spectrum --modality ", {"image", "text", "both"}),
        ("sde finetune emoji --warm", {"--warmup"}),
    ],
)
def test_commands_options_and_choices_are_offered(line, some, tmp_path):
    assert some <= _offered(line, tmp_path)


# What a shell offers once it has read the script; zsh completes at a terminal only, which zpty is.
_PRESSED = {
    "bash": """
        eval "$(sde completion bash)"
        COMP_LINE="sde spectr" COMP_POINT=10; _python_argcomplete sde; echo "${COMPREPLY[@]}" """,
    "fish": """
        sde completion fish | source
        complete -C "sde spectr" """,
    "zsh": r"""
        zmodload zsh/zpty; zpty shell zsh -f -i
        zpty -w shell 'autoload -U compinit && compinit -u; eval "$(sde completion zsh)"; echo rea""dy'
        zpty -r shell seen '*ready*'; zpty -w -n shell $'sde spectr\t'
        zpty -r shell seen '*sde spectrum*'; print -r -- "$seen"; zpty -d shell""",
}


@pytest.mark.parametrize("shell", _PRESSED)
def test_a_shell_completes_the_command(shell, tmp_path):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = [shell, "-c", _PRESSED[shell]]
    told = subprocess.run(
        words,
        env=os.environ | {"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert "spectrum" in told.stdout, told.stderr


@pytest.mark.parametrize("shell", _PRESSED)
def test_what_is_printed_is_a_script_of_the_shell(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "sde" in script
    assert "_ARGCOMPLETE" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
