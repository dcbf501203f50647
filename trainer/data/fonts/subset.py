"""Cuts the embedded font to the characters that pictures use: run it after adding a word to src/plot/language.rs.

python3 -m venv venv && venv/bin/pip install fonttools
venv/bin/python subset.py /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc   # Debian's package fonts-noto-cjk
"""

import pathlib
import sys

from fontTools import subset, ttLib

here = pathlib.Path(__file__).parent
words = (here / "../../src/plot/language.rs").read_text()
latin = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x391, 0x3CA)]))
signs = "–—‘’“”…←→±×÷≤≥≈≠√∞∂∑°²³，：。（）、"

# Number 2 of the collection is Simplified Chinese.
font = ttLib.TTFont(sys.argv[1], fontNumber=2)
options = subset.Options(layout_features=[], hinting=False, desubroutinize=True, name_IDs=["*"], notdef_outline=True)
subsetter = subset.Subsetter(options)
subsetter.populate(text=latin + signs + "".join(c for c in words if ord(c) >= 0x2E80))
subsetter.subset(font)
font.save(here / "NotoSansSC-subset.otf")
