"""`sde completion`: the lines that make a shell complete commands, options, choices and paths."""

import argparse

SHELLS = ("bash", "zsh", "fish")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    summary = "Print what makes the shell complete commands, options, choices and paths."
    parser = commands.add_parser(
        "completion",
        help=summary,
        description=summary,
        epilog='examples:\n  eval "$(sde completion bash)"    in ~/.bashrc, or zsh in ~/.zshrc\n'
        "  sde completion fish > ~/.config/fish/completions/sde.fish",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=run, quiet=False)


def run(options: argparse.Namespace) -> None:
    """Print the lines."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["sde"], shell=options.shell))
