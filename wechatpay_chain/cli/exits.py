"""The exit codes, and the one for each error."""

from __future__ import annotations

from enum import IntEnum

from ..errors import APIError, ConfigurationError, WeChatPayError


class Exit(IntEnum):
    """The exit codes of the program.

    Attributes:
        DONE: all went well.
        REFUSED: the platform refused, or something that was checked is wrong; also after Ctrl-C, a closed pipe,
            and where the output can't be written.
        USAGE: the command was used wrongly, or a setting is wrong; nothing was sent.
        NO_ANSWER: no answer came, or one that must not be believed; nothing was changed by the call.
        UNKNOWN: the call may have taken effect: look it up, or repeat it with the same number and content.
    """

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NO_ANSWER = 3
    UNKNOWN = 4


def exit_of(error: WeChatPayError) -> Exit:
    """The exit code of an error that a command ended with."""
    if isinstance(error, ConfigurationError):
        return Exit.USAGE
    if error.outcome == "unknown" and error.request is not None and error.request.method != "GET":
        return Exit.UNKNOWN
    if isinstance(error, APIError):
        return Exit.REFUSED
    return Exit.NO_ANSWER
