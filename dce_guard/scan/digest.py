"""What a set of packs is called. Apart from their parser, which a clean scan never loads."""

import hashlib
from collections.abc import Sequence


def digest(packs: Sequence[tuple[str, str]]) -> str:
    """SHA-256 in hex over names and texts of the packs, in the order given."""
    state = hashlib.sha256()
    for name, text in packs:
        for part in (name.encode(), text.encode()):
            state.update(len(part).to_bytes(8, "big") + part)
    return state.hexdigest()
