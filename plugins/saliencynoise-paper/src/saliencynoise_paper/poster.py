"""The panels of the paper, made of its studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.device import resolve_device
from saliencynoise.engine.dispatch import one_thread
from saliencynoise_dream.config import DreamConfig
from saliencynoise_paper.architecture import architecture_panel
from saliencynoise_paper.classes import classes_panel
from saliencynoise_paper.dream import dream_panel
from saliencynoise_paper.figures.architecture import Variation
from saliencynoise_paper.gradients import gradients_panel
from saliencynoise_paper.localization import localization_panel
from saliencynoise_paper.maps import maps_panel
from saliencynoise_paper.run import PaperConfig, benches
from saliencynoise_paper.ssim import ssim_panel
from saliencynoise_paper.table import PublishedColumn, table_panel

if TYPE_CHECKING:
    from saliencynoise.display.figures.captioned import CaptionedFigure
    from saliencynoise.engine.study import Study

Studies = Mapping[str, "Study"]


def panels_of(config: PaperConfig, studies: Studies) -> Iterator[CaptionedFigure]:
    """Yield the chosen panels, as they are drawn; their notes begin with the scale.

    Args:
        config: the settings of the run.
        studies: studies by name, as `run_paper` returns them.
    """
    for name in config.panels:
        for panel in _on_one_thread(_MAKERS[name](config, studies)):
            yield replace(panel, notes=[f"Panel {panel.name}, {config.settings.words}.", *panel.notes])


def _on_one_thread(panels: Iterator[CaptionedFigure]) -> Iterator[CaptionedFigure]:
    """Make panels on one thread: on two shared cores a second thread made statistics five times slower."""
    while True:
        with one_thread():
            panel = next(panels, None)
        if panel is None:
            return
        yield panel


def _table(config: PaperConfig, studies: Studies) -> Iterator[CaptionedFigure]:
    columns = [
        PublishedColumn(
            study=study,
            architecture=architecture.label,
            dataset=source.label,
            published=published,
            fewer=_fewer(config, study),
        )
        for source in config.sources
        for study in [studies[f"maps-{source.dataset}"]]
        for published, architecture in zip(config.settings.networks, study.result.architectures, strict=True)
    ]
    yield table_panel(columns, seed=config.seed)


def _fewer(config: PaperConfig, study: Study) -> int | None:
    """Return the smaller number of networks for starred rows; None if the study has no more networks than this."""
    fewer = config.settings.starred_members
    return fewer if fewer is not None and fewer < len(study.result.architectures[0].members) else None


def _gradients(config: PaperConfig, studies: Studies) -> Iterator[CaptionedFigure]:
    yield gradients_panel(_of_sources(config, studies, "gradients"), images=config.settings.gradients.images)


def _maps(config: PaperConfig, studies: Studies) -> Iterator[CaptionedFigure]:
    yield maps_panel(_of_sources(config, studies, "maps"))


def _classes(config: PaperConfig, studies: Studies) -> Iterator[CaptionedFigure]:
    yield classes_panel(_of_sources(config, studies, "maps"))


def _ssim(config: PaperConfig, studies: Studies) -> Iterator[CaptionedFigure]:
    yield ssim_panel(_of_sources(config, studies, "maps"))


def _architecture(config: PaperConfig, studies: Studies) -> Iterator[CaptionedFigure]:
    labels = {
        (name, text): architecture.label
        for name, bench in benches(config).items()
        for text, architecture in zip(bench.archs, studies[name].result.architectures, strict=True)
    }
    yield architecture_panel(
        [
            Variation(
                axis=point.axis,
                value=point.value,
                study=studies[point.study],
                architecture=labels[point.study, point.network],
            )
            for point in config.variations
        ]
    )


def _dream(config: PaperConfig, studies: Studies) -> Iterator[CaptionedFigure]:
    scale = config.settings.dream
    for source in config.sources:
        name = f"gradients-{source.dataset}"
        _, dataset = load_dataset(benches(config)[name])
        panel = dream_panel(
            studies[name],
            dataset,
            architecture=studies[name].result.architectures[0].label,
            members=scale.members,
            held_out=scale.held_out,
            classes=dataset.classes[: scale.classes],
            config=DreamConfig(seed=config.seed),
            device=resolve_device(config.device),
        )
        yield replace(panel, name="dream" if len(config.sources) == 1 else f"dream-{source.dataset}")


def _localization(_config: PaperConfig, studies: Studies) -> Iterator[CaptionedFigure]:
    yield localization_panel([studies["localization"]])


def _of_sources(config: PaperConfig, studies: Studies, kind: str) -> Sequence[Study]:
    return [studies[f"{kind}-{source.dataset}"] for source in config.sources]


_MAKERS: Mapping[str, Callable[[PaperConfig, Studies], Iterator[CaptionedFigure]]] = {
    "table": _table,
    "gradients": _gradients,
    "maps": _maps,
    "classes": _classes,
    "architecture": _architecture,
    "ssim": _ssim,
    "dream": _dream,
    "localization": _localization,
}
