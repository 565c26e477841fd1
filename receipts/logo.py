"""A logo as it was uploaded → a small picture inside an SVG text: any size in, a bounded one out."""

import base64
import io

from PIL import Image

from receipts.look import Logo, LookRefused

BYTES_MAX = 5_000_000
PIXELS_MAX = 50_000_000
"""More is not a logo but an attack on memory."""
FORMATS = ("PNG", "JPEG", "WEBP")
BOX_DMM = (550, 130)
"""What it may take on paper, tenths of a millimetre."""
BOX_PX = (660, 156)
"""The box at 305 dots an inch: what a printer can show."""


def logo_of(content: bytes) -> Logo:
    """Raises LookRefused saying what is wrong with the file."""
    if len(content) > BYTES_MAX:
        size = len(content) // 1_000_000
        raise LookRefused(
            "logo", f"Файл логотипа {size} МБ, можно до {BYTES_MAX // 1_000_000} МБ. Уменьшите его."
        )
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise LookRefused(
                    "logo", f"Логотип {opened.width}×{opened.height} точек: слишком велик. Хватит 1000×300."
                )
            picture = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, LookRefused):
            raise
        raise LookRefused(
            "logo", "Это не рисунок PNG, JPEG или WebP, или он повреждён. Выберите другой."
        ) from error
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture)
    small = paper.convert("RGB")
    small.thumbnail(BOX_PX)
    made = io.BytesIO()
    small.save(made, "PNG", optimize=True)
    width, height = small.size
    href = "data:image/png;base64," + base64.b64encode(made.getvalue()).decode()
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" xlink:href="{href}"/></svg>'
    )
    scale = min(BOX_DMM[0] / width, BOX_DMM[1] / height)
    return Logo(svg, max(round(width * scale), 1), max(round(height * scale), 1))
