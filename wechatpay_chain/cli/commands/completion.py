"""`completion`: prints the completion script for bash, zsh or fish, which gets its words from this program."""

from __future__ import annotations

import argparse

from ..completing import candidates
from ..exits import Exit

_SCRIPTS = {
    "bash": """\
_wechatpay_chain() {
    local IFS=$'\\n'
    COMPREPLY=($(wechatpay-chain completion words -- "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null))
    [[ ${COMPREPLY[0]} == *[=\\]/] ]] && compopt -o nospace
}
complete -F _wechatpay_chain wechatpay-chain
""",
    "zsh": """\
#compdef wechatpay-chain
_wechatpay_chain() {
    local -a words_found
    words_found=("${(@f)$(wechatpay-chain completion words -- "${LBUFFER}" 2>/dev/null)}")
    compadd -Q -S '' -- $words_found
}
compdef _wechatpay_chain wechatpay-chain
""",
    "fish": """\
complete -c wechatpay-chain -f -a '(wechatpay-chain completion words -- (commandline -cp) 2>/dev/null)'
""",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `completion`."""
    kinds = parser.add_subparsers(required=True, metavar="SHELL")
    for shell, how in (
        ("bash", 'eval "$(wechatpay-chain completion bash)" in ~/.bashrc'),
        ("zsh", 'eval "$(wechatpay-chain completion zsh)" in ~/.zshrc, behind compinit'),
        ("fish", "wechatpay-chain completion fish > ~/.config/fish/completions/wechatpay-chain.fish"),
    ):
        kind = kinds.add_parser(shell, help=how, description=f"Use it so: {how}")
        kind.set_defaults(run=_script, shell=shell)
    words = kinds.add_parser("words", help="what a shell asks for", description="The words that may follow.")
    words.add_argument("line", metavar="LINE", help="what was typed so far")
    words.add_argument("breaks", nargs="?", default="", metavar="CHARACTERS", help="at which the shell parts words")
    words.set_defaults(run=_words)


def _script(options: argparse.Namespace) -> int:
    print(_SCRIPTS[options.shell], end="")
    return Exit.DONE


def _words(options: argparse.Namespace) -> int:
    for word in candidates(options.line, options.breaks):
        print(word)
    return Exit.DONE
