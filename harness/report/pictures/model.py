"""All pictures of a report."""

from dataclasses import dataclass

from harness.report.pictures.coverage import CoverageMap
from harness.report.pictures.errors import ErrorTimeline
from harness.report.pictures.gallery import Gallery
from harness.report.pictures.sizes import SizePlane
from harness.report.pictures.times import TimesChart
from harness.report.pictures.tradeoff import TradeOff
from harness.report.pictures.waterfall import Waterfall


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What a report shows beside its words; a kind without anything to show is empty."""

    sizes: tuple[SizePlane, ...] = ()
    times: tuple[TimesChart, ...] = ()
    tradeoffs: tuple[TradeOff, ...] = ()
    errors: tuple[ErrorTimeline, ...] = ()
    waterfalls: tuple[Waterfall, ...] = ()
    galleries: tuple[Gallery, ...] = ()
    coverage: tuple[CoverageMap, ...] = ()

    @property
    def images_shown(self) -> tuple[str, ...]:
        """The digests of the images that are shown, in the order in which a reader meets them."""
        tiles = (tile for gallery in self.galleries for tile in gallery.tiles)
        return tuple(dict.fromkeys(tile.digest for tile in tiles if tile.digest))
