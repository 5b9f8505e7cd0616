"""What is wrong with a command line, in the language of the commands."""

from __future__ import annotations

import re

from typer import BadParameter, TyperException

_WORDS: tuple[tuple[str, str], ...] = (
    (r"Missing parameter: (?P<name>\w+)", "缺少参数 {name}"),
    (r"No such option: (?P<name>\S+)", "没有选项 {name}"),
    (r"No such command '(?P<name>.*)'\.", "没有命令 {name}"),
    (r"Missing command\.", "没有写出命令"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((?P<name>.*)\)", "多出参数 {name}"),
    (r"Option '(?P<name>.*)' requires an argument\.", "选项 {name} 没有写值"),
    (r"Option '(?P<name>.*)' does not take a value\.", "选项 {name} 不带值"),
    (r"Input should be a valid integer.*", "应为整数"),
    (r"Input should be greater than or equal to (?P<name>\S+)", "应不小于 {name}"),
    (r"Input should be less than or equal to (?P<name>\S+)", "应不大于 {name}"),
    (r"Value error, '(?P<name>.*)' is not (?:one of )?(?P<range>.*)\.", "“{name}”不可用，可用的有 {range}"),
    (r"Usage: .*", "没有写出命令"),
)
"""Messages of the parser, and what they say. What is none of these is our own, or stands as it is."""


def is_help(problem: TyperException) -> bool:
    """Whether it only says how a group of commands is used: it was named without one."""
    return str(problem).startswith("Usage: ")


def in_words(problem: TyperException) -> str:
    """The message of an unreadable command line."""
    said = str(problem)
    for pattern, words in _WORDS:
        found = re.fullmatch(pattern, said, re.DOTALL)
        if found is not None:
            said = words.format(**found.groupdict())
            break
    option = problem.param.opts[0] if isinstance(problem, BadParameter) and problem.param is not None else ""
    return f"{option}：{said}" if option and not said.startswith("缺少") else said
