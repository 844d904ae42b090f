"""What a mistyped line is answered with: typer hands on the words of a library for programmers."""

import re

WORDS = (
    (re.compile(r"^Value error, "), ""),
    (re.compile(r"^Input should be a valid integer\b.*", re.DOTALL), "must be a whole number"),
    (re.compile(r"^Input should be a valid number\b.*", re.DOTALL), "must be a number"),
    (re.compile(r"^Input should be a valid boolean\b.*", re.DOTALL), "must be true or false"),
    (re.compile(r"^Input should be greater than or equal to "), "must be at least "),
    (re.compile(r"^Input should be less than or equal to "), "must be at most "),
    (re.compile(r"^Input should be "), "must be "),
)


def in_our_words(message: str) -> str:
    """The same said to whoever typed the line."""
    for pattern, words in WORDS:
        if pattern.search(message):
            return pattern.sub(words, message)
    return message
