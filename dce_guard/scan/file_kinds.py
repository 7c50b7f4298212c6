"""What a file's name says of what is in it, as far as the value of a name like `password` depends on it."""

import re
from functools import lru_cache

CODE, PEOPLE, EXEMPLARY = "c", "p", "e"
"""A program, text for people (translations, pictures), and what is made for show (tests, documentation)."""

# One file name for each kind that a value can be judged in. In text for people it is none, whatever it is.
SAMPLES = {"": "a.env", CODE: "a.py", EXEMPLARY: "tests/a.env", CODE + EXEMPLARY: "tests/a.py"}

_CODE = re.compile(
    r"\.(?:py|pyi|pyx|js|mjs|cjs|jsx|ts|tsx|java|kt|kts|scala|groovy|go|rs|c|h|cc|cpp|cxx|hpp|hh|cs|m|mm|swift|php|rb|pl"
    r"|pm|lua|r|jl|dart|ex|exs|erl|hs|clj|elm|vue|svelte|html?|css|scss|less|md|rst|idl|proto|sql|storyboard|xib|ipynb"
    r"|strings|vb|fs|f90|asm|s|zig|nim|v|sol|coffee|erb|haml|twig|jsp|aspx|cshtml|ejs|hbs)$",
    re.IGNORECASE,
)
_PEOPLE = re.compile(
    r"(?:^|/)(?:locales?|i18n|lang|translations?|l10n)/|\.(?:po|pot|strings|resx|xlf|svg|map|css)$", re.I
)
_EXEMPLARY = re.compile(
    r"(?:^|[/!])(?:tests?|testing|testdata|specs?|fixtures?|mocks?|__tests__|e2e|docs?|examples?|samples?|tutorials?)[/!]"
    r"|(?:^|/)test_[^/]*$|[._-](?:test|tests|spec|example|sample|mock)s?\.\w+$|\.(?:rst|md|adoc)$",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def kind_of_file(path: str) -> str:
    """The letters of CODE, PEOPLE and EXEMPLARY that are true of a path, in this order."""
    told = ((CODE, _CODE), (PEOPLE, _PEOPLE), (EXEMPLARY, _EXEMPLARY))
    return "".join(letter for letter, expression in told if expression.search(path))
