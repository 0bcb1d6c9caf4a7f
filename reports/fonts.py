"""The letters of a page as a font inside the page, only those that it uses: Chinese is not on every computer.

The font is Noto Sans SC (SIL Open Font License 1.1) from the package pylopdf-fonts-zh-cn, of which nothing but the font
file is used. A subset of some hundred characters is a WOFF of some ten thousand bytes.
"""

import base64
import io
import logging
from contextlib import closing
from functools import lru_cache
from importlib import resources
from typing import Final

FONT_NAME: Final = "Noto Sans SC"
FAMILY: Final = "Proposal"
"""What the page calls it, so that it never takes the place of an installed font of the same name."""
_PACKAGE: Final = "pylopdf_fonts_zh_cn"
_NAMES: Final = [0, 1, 2, 13, 14]
"""Of the font's texts, those that stay with the subset: copyright, name, style, licence and where that is found."""
_FILE: Final = "NotoSansSC-Regular.otf"


def font_face(text: str, without: str = "") -> str:
    """The style rule with a font of all characters of a text that Noto Sans SC has, so that it looks alike everywhere.

    Characters in `without`, and those that it does not have, are left to the reader's own fonts.
    """
    characters = "".join(sorted({one for one in text if one.isprintable()} - set(without)))
    data = base64.b64encode(subset(characters)).decode("ascii")
    return f'@font-face {{ font-family: "{FAMILY}"; src: url(data:font/woff;base64,{data}) format("woff"); }}'


@lru_cache(maxsize=4)
def subset(characters: str) -> bytes:
    """A WOFF with the glyphs of some characters; those that the font does not have are left out."""
    from fontTools import subset as tools

    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of tables that it leaves out, which is meant
    options = tools.Options(flavor="woff", hinting=False, layout_features=[], desubroutinize=True, name_IDs=_NAMES)
    buffer = io.BytesIO()
    with (
        resources.as_file(resources.files(_PACKAGE).joinpath(_FILE)) as path,
        closing(tools.load_font(str(path), options)) as font,
    ):
        chosen = tools.Subsetter(options)
        chosen.populate(text=characters)
        chosen.subset(font)
        font.flavor = "woff"
        font.save(buffer)
    return buffer.getvalue()
