"""`sde completion`: the lines that make a shell complete commands, options, choices and paths."""

import argparse

from sde_core.cli.options import new_command

SHELLS = ("bash", "zsh", "fish")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    summary = "Print what makes the shell complete commands, options, choices and paths."
    lines = (
        'eval "$(sde completion bash)"    # in ~/.bashrc, or zsh in ~/.zshrc',
        "sde completion fish > ~/.config/fish/completions/sde.fish",
    )
    parser = new_command(commands, "completion", summary, *lines, has_json=False)
    parser.add_argument("shell", choices=SHELLS, help="that is to complete")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the lines."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["sde"], shell=options.shell))
