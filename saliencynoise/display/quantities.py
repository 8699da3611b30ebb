"""The quantities of a study: their names, order, headings, symbols, rounding and meaning.

Tables of the terminal, data frames, files, pages, figures and the glossary take them from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from saliencynoise.display.numbers import format_number, p_text, percent, seconds_text
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _accuracy(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else seconds_text(value)


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A quantity of a study.

    Attributes:
        key: its column in data frames and files.
        name: in pages, figures and sentences.
        short: its heading in the terminal; line breaks count.
        meaning: one sentence without its subject and full stop, for legends, tooltips and the glossary.
        text: its value as people read it; a dash where there is none.
        symbol: in formulas; empty for none.
        has_interval: whether `key_low` and `key_high` stand beside it.
        rank: 0 for a heading that each terminal shows; of the others, the lowest get room first.
    """

    key: str
    name: str
    short: str
    meaning: str
    text: Callable[[float | None], str] = format_number
    symbol: str = ""
    has_interval: bool = False
    rank: int = 0

    @property
    def title(self) -> str:
        """The name with a capital letter, unless it is a symbol."""
        return self.name if self.name == "p" else self.name[0].upper() + self.name[1:]

    @property
    def interval(self) -> str:
        """The name of its interval as a heading."""
        return f"95% of {self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of data frames and files: the value and the two ends of its interval."""
        return (self.key, f"{self.key}_low", f"{self.key}_high") if self.has_interval else (self.key,)


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        quantity.key: quantity
        for quantity in (
            Quantity(
                key="snr",
                name="SNR",
                short="SNR",
                symbol="r",
                has_interval=True,
                meaning="corrected signal-to-noise ratio of one map, c/(1 - c) with c the mean cosine between members' "
                "maps; pure noise has 0, but more in the views relu and abs",
            ),
            Quantity(
                key="reliability",
                name="reliability",
                short="rel.",
                symbol="n r/(1 + n r)",
                meaning="correlation to be expected between two maps of different networks, SNR/(1 + SNR); of averages "
                "of n networks it is n SNR/(1 + n SNR)",
            ),
            Quantity(
                key="networks",
                name="networks for 0.9",
                short="for 0.9",
                has_interval=True,
                meaning="networks to average until the reliability is 0.9",
            ),
            Quantity(
                key="significant_pixels",
                name="significant pixels",
                short="sig.\npix.",
                text=_share,
                meaning="share of the mean map's values that exceed noise, at "
                f"{FALSE_DISCOVERY_RATE:.0%} false discoveries; it grows with the number of networks",
            ),
            Quantity(
                key="p",
                name="p",
                short="p",
                text=p_text,
                meaning="p-value of the sign-flip test: how often networks without agreement seem to agree as much",
            ),
            Quantity(
                key="published_snr",
                name="published SNR",
                short="publ.\nSNR",
                has_interval=True,
                meaning="mean over pixels of |mean|/sd over members, not corrected",
            ),
            Quantity(
                key="floor",
                name="floor",
                short="floor",
                meaning="published SNR of pure noise with as many members",
            ),
            Quantity(
                key="untrained_snr",
                name="untrained SNR",
                short="untrained\nSNR",
                has_interval=True,
                rank=1,
                meaning="SNR of as many untrained networks",
            ),
            Quantity(
                key="snr_networks_alone",
                name="SNR, networks alone",
                short="networks alone",
                has_interval=True,
                meaning="SNR of a stochastic method without its own sampling noise",
            ),
            Quantity(
                key="accuracy",
                name="accuracy",
                short="accuracy",
                text=_accuracy,
                meaning="median test accuracy of the members",
            ),
            Quantity(
                key="seconds",
                name="seconds",
                short="s",
                text=_seconds,
                rank=2,
                meaning="seconds to compute the maps; methods that share a pass are each charged for all of it",
            ),
        )
    }
)
"""The quantities by key, in the order of all tables."""

TABLE = (
    *("snr", "reliability", "networks", "significant_pixels", "p", "published_snr", "floor", "untrained_snr"),
    "seconds",
)
"""The columns of the main table of a study, in the terminal and on pages."""


def in_order(keys: Sequence[str]) -> list[str]:
    """Return keys of quantities in the order of all tables.

    >>> in_order(["floor", "snr", "p"])
    ['snr', 'p', 'floor']
    """
    return [key for key in QUANTITIES if key in keys]
