"""Whether a value looks like a secret at all: placeholders, references and words are none."""

import math
import re
from collections import Counter
from itertools import pairwise

from dce_guard.scan.trigrams import TRIGRAMS

_SIGNS = re.compile(r"[\W_]+")
_RUNS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# A value that says what it stands for. Whole-word or run-on, any case: `your_key_here`, `XXXX`, `changeme1`.
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|placeholder|change[_-]?(?:me|this|it)|replace[_-]?(?:me|this|with)|insert[_-]|your[_-]?"
    r"|redacted|removed|hidden|masked|secret[_-]?here|my[_-]?(?:secret|pass|token|key|api)|to[_-]?be[_-]|todo|fixme"
    r"|(?:^|[^a-z])(?:fake|foo|bar|baz|qux|none|null|nil|true|false|undefined|default|invalid|unused|n/a|tbd)(?:[^a-z]|$)"
    r"|\bx{3,}|x{5,}|\*{3,}|\.{3,}|_{4,}|-{5,}|\?{3,}|#{4,}|0{6,}|1{6,}|(?:abcd?e?f?|123456?7?8?9?0?){2,}"
    r"|abcdefgh|bcdefghi|12345678|01234567|23456789|98765432|qwerty|asdfgh|deadbeef|cafebabe|lorem|ipsum",
    re.IGNORECASE,
)

# What nobody meets by chance in a random value of a vendor's form.
_FILLER = re.compile(
    r"example|placeholder|redacted|changeme|your[_-]|(?:dummy|sample|secret)[_-]|x{6,}|\*{3,}|\.{3,}|0{8,}|1{8,}"
    r"|abcdefgh|12345678|01234567|98765432|deadbeef",
    re.IGNORECASE,
)

# A reference to a value that is kept elsewhere, or code that makes one.
_REFERENCE = re.compile(
    r"^\$[\w({]|\$\{|\$\(|\{\{|\}\}|<%|%>|^<[^>]*>?$|^\[.*\]$|^%[\w-]+%$|^%\(|^%[sdvq@]|^@[\w.{(/]|^:[a-z_]\w*$|^#\{|#\{"
    r"|^&[a-z]|\benv\b|getenv|environ|process\.|os\.|config[.\[]|params[.\[:]|secrets?\.|vars?\.|ssm:|vault:|arn:aws|op://|^!"
    r"|\(\)|\($|\||^\w+\(|=>|->|::|&&|\|\||^[\w.]+\[|\{[\w.!:]*\}|^--?[a-z]|^[A-Z]+=|\\x[0-9a-f]{2}|\\[0-7]{3}|^self\.|^this\.",
    re.IGNORECASE,
)
_NOT_A_VALUE = re.compile(
    r"^(?:[a-z]:)?[\\/][\w.$~-]*[\\/]|^\.{0,2}/|^[a-z][\w+.-]*://|^[\w.+-]+@[\w-]+\.[\w.]+$|^(?:\d{1,3}\.){3}\d{1,3}"
    r"|^v?\d+(?:\.\d+){1,3}|^\d{4}-\d\d-\d\d|^#[0-9a-f]{3,8}$|\.(?:py|js|ts|json|ya?ml|txt|pem|key|crt|cfg|conf|html?|php|rb|go|java|xml|png|svg)$"
    r"|^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$|(?:sha|hmac|rsa|aes|md|pbkdf|ecdsa|hs|rs|es|ps|ed|utf)[-_]?\d{1,5}$|^(?:sha\d+|md5)[-:]|^\^|\\[dws]|^data:",
    re.IGNORECASE,
)


def entropy(value: str) -> float:
    """Shannon entropy in bits a character."""
    size = len(value)
    return sum(count / size * math.log2(size / count) for count in Counter(value).values()) if size else 0.0


def wordlike(value: str) -> float:
    """How much of the letters in `value` reads like words: 0 random to 1 words.

    The share of common trigrams, counted with begin and end of each run of letters (camel case parted); about
    0.18 for random letters, above 0.8 for English and identifiers. Runs of three letters or fewer (AWS, id) count
    only when there are no longer ones.
    """
    runs = _RUNS.findall(value)
    grams = [
        marked[at : at + 3]
        for run in [run for run in runs if len(run) > 3] or [run for run in runs if len(run) > 1]
        for marked in (f"^{run.lower()}$",)
        for at in range(len(marked) - 2)
    ]
    return sum(gram in TRIGRAMS for gram in grams) / len(grams) if grams else 0.0


def word_share(value: str) -> float:
    """The part of all characters of `value` that stand in runs of letters that read like words."""
    runs = [run for run in _RUNS.findall(value) if len(run) > 2 and wordlike(run) > 0.55]
    return sum(map(len, runs)) / len(value) if value else 0.0


def is_placeholder(value: str) -> bool:
    """Whether the value says of itself that it stands for another, or is too regular to be one."""
    return bool(_PLACEHOLDER.search(value)) or _is_regular(value)


def is_filler(value: str) -> bool:
    """The same of a value in a vendor's form, where a short word may be chance: of 20,000 random base64 values of 40
    characters 12 hold one of the words between signs that `is_placeholder` knows."""
    return bool(_FILLER.search(value)) or _is_regular(value)


def _is_regular(value: str) -> bool:
    """Whether it repeats its first half, has hardly any different characters, or counts."""
    half = len(value) // 2
    if half >= 4 and value[:half] == value[-half:]:
        return True
    return len(set(value)) <= max(2, min(5, len(value) // 8)) or _is_sequence(_SIGNS.sub("", value))


def is_reference(value: str) -> bool:
    """Whether the value names a variable, a setting or a call that holds the real one."""
    return bool(_REFERENCE.search(value))


def is_other(value: str) -> bool:
    """Whether the value is plainly something else: a path, an address, a version, a date, a UUID, a pattern."""
    return bool(_NOT_A_VALUE.search(value))


def _is_sequence(value: str) -> bool:
    """Whether most neighbours differ by the same step, as in abcdef, 0123456 and aaaaaa."""
    steps = Counter(ord(b) - ord(a) for a, b in pairwise(value))
    return any(steps[step] * 10 >= 7 * max(1, len(value) - 1) for step in (-1, 0, 1))
