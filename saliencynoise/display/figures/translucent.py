"""A map laid over its picture: the picture in pale greys, clear colours that grow opaque with |value|, smooth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.display.figures.canvas import CROSSED, LOOKS, hatched, word_of, write_on
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, UInt8
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

DARKEST, LIGHTEST = 0.6, 1.0
"""Greys of black and white in the picture: neither hides a colour."""

INTERPOLATIONS = ("smooth", "nearest")

FINE = 256
"""Pixels of an overlay's longer side, at least, so that print has no steps."""

POSITIVE, NEGATIVE = (0.84, 0.05, 0.10), (0.05, 0.28, 0.80)
"""Red and blue at full opacity."""

GROUND = 0.85
"""Grey behind the colour bar."""


def opacity(shares: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Return the opacity of |value| as a share of the limit: 0 at zero, 0.9 at the limit, so that the picture shows."""
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    shown: Float[np.ndarray, "*shape"] = 0.9 * np.clip(shares, 0.0, 1.0) ** 0.8
    return shown


def translucent() -> Colormap:
    """Return the colours of an overlay on a grey, for its colour bar."""
    import numpy as np  # noqa: PLC0415 - as above
    from matplotlib.colors import ListedColormap  # noqa: PLC0415 - as above

    levels = np.linspace(-1, 1, 257)
    return ListedColormap(_blended(np.full((1, 257), GROUND), levels[None])[0])


def overlaid(
    picture: UInt8[np.ndarray, "C H W"],
    values: Float[np.ndarray, "h w"],
    *,
    limit: float,
    shown: Bool[np.ndarray, "h w"] | None = None,
    interpolation: str = "smooth",
) -> Float[np.ndarray, "H W 3"]:
    """Return a picture in greys with a map's colours, at `FINE` pixels or more.

    Args:
        picture: of 1 or 3 channels.
        values: signed, coarse as it is; zeros and NaN show the picture.
        limit: |value| at which the colours end; 0 if there is nothing to scale.
        shown: the values to colour; None for all.
        interpolation: "smooth" (bicubic, between the values' own limits) or "nearest" (each value a rectangle).

    Raises:
        UsageError: the interpolation is none of these.
    """
    import numpy as np  # noqa: PLC0415 - as above

    if interpolation not in INTERPOLATIONS:
        raise UsageError(f"interpolation '{interpolation}' is not known: choose {' or '.join(INTERPOLATIONS)}")
    height, width = picture.shape[1:]
    times = max(1, -(-FINE // max(height, width)))
    size = (times * height, times * width)
    finite = np.where(np.isfinite(values), values, 0.0)
    coloured = finite if shown is None else np.where(shown, finite, 0.0)
    smooth = interpolation == "smooth"
    greys = _enlarged(greyed(picture), size, smooth=smooth)
    return _blended(greys, _enlarged(coloured, size, smooth=smooth) / (limit or 1.0))


def draw_overlay(
    axes: Axes,
    picture: UInt8[np.ndarray, "C H W"],
    values: Float[np.ndarray, "h w"],
    *,
    limit: float,
    significant_pixels: Bool[np.ndarray, "h w"] | None = None,
    interpolation: str = "smooth",
) -> None:
    """Draw a map over its picture in greys; NaN is crossed, and a word marks a map without colours.

    Arguments as of `overlaid`; `significant_pixels` are the pixels to colour alone, None for all.

    Raises:
        UsageError: the interpolation is not known.
    """
    import numpy as np  # noqa: PLC0415 - as above

    height, width = picture.shape[1:]
    image = overlaid(picture, values, limit=limit, shown=significant_pixels, interpolation=interpolation)
    axes.imshow(image, extent=(0, width, height, 0), interpolation="nearest")
    if not np.isfinite(values).all():
        look = LOOKS[CROSSED]
        cells = hatched(
            ~np.isfinite(values), extent=(height, width), hatch=look["hatch"], stripe="black", ground="white"
        )
        cells.set_label(CROSSED)
        axes.add_patch(cells)
    if word_of(values):
        write_on(axes, word_of(values))


def greyed(picture: UInt8[np.ndarray, "C H W"]) -> Float[np.ndarray, "H W"]:
    """Return a picture's luma (Rec. 601) between `DARKEST` and `LIGHTEST`.

    >>> import numpy as np
    >>> greyed(np.array([0, 255], dtype=np.uint8).reshape(1, 1, 2)).tolist()
    [[0.6, 1.0]]
    """
    import numpy as np  # noqa: PLC0415 - as above

    weights = np.array([0.299, 0.587, 0.114]) if len(picture) == 3 else np.full(len(picture), 1 / len(picture))
    luma: Float[np.ndarray, "H W"] = np.tensordot(weights, picture / 255.0, axes=1)
    return DARKEST + (LIGHTEST - DARKEST) * luma


def _enlarged(
    values: Float[np.ndarray, "h w"], size: tuple[int, int], *, smooth: bool
) -> Float[np.ndarray, "H W"]:  # fmt: skip
    import numpy as np  # noqa: PLC0415 - as above
    from PIL import Image  # noqa: PLC0415 - as above

    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    fine = np.asarray(image.resize((size[1], size[0]), how), dtype=np.float64)
    return np.clip(fine, values.min(), values.max())  # a cubic goes beyond the values beside an edge


def _blended(greys: Float[np.ndarray, "H W"], shares: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """Return greys under the colours of shares of the limit, -1 to 1."""
    import numpy as np  # noqa: PLC0415 - as above

    cover = opacity(np.abs(shares))[..., None]
    colours = np.where(shares[..., None] > 0, np.array(POSITIVE), np.array(NEGATIVE))
    # the colour keeps the picture's light and dark: on a grey alone it would be muddy
    lit = colours * (0.55 + 0.45 * greys[..., None])
    blended: Float[np.ndarray, "H W 3"] = np.clip(greys[..., None] * (1 - cover) + lit * cover, 0.0, 1.0)
    return blended
