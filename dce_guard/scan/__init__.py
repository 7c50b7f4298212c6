"""The core: rule packs, matching, decoding, judging, naming, folding. Bytes in, values out; no input or output here."""
