"""Reports by folder: of a study, or of a frontier, a variance or a sanity run, each by its own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saliencynoise.bench import frontier as bench_frontier
from saliencynoise.bench import sanity as bench_sanity
from saliencynoise.bench import variance as bench_variance
from saliencynoise.bench.study import RESULT, Study
from saliencynoise.interfaces import UsageError, one_line
from saliencynoise.report import frontier, sanity, variance
from saliencynoise.report.exhibits.exhibit import Exhibit
from saliencynoise.report.figures import frontier as frontier_figures
from saliencynoise.report.figures import sanity as sanity_figures
from saliencynoise.report.figures import seeds
from saliencynoise.report.html.cards import machine
from saliencynoise.report.html.page import write_page
from saliencynoise.report.html.pictures import Picture, picture
from saliencynoise.report.html.rows import PageTable, plain_table
from saliencynoise.report.html.settings import flat
from saliencynoise.report.html.study import REPORT, write_report

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """The page of a run that is no study.

    Attributes:
        question: its title.
        intro: what was done, for those who did not do it.
        sentences: what was found.
        tables: with a caption each.
        legend: what the tables' headings mean.
        pictures: those that can be drawn.
        basis: what it rests on.
        notes: warnings and failures.
        document: with "settings", "versions", "hardware" and "created".
    """

    question: str
    intro: str
    sentences: Sequence[str]
    tables: Sequence[PageTable]
    legend: Sequence[str]
    pictures: Sequence[Picture]
    basis: Sequence[str]
    notes: Sequence[str]
    document: Document


def write_run_report(folder: str | Path, out: str | Path | None = None) -> Path:
    """Write the report of whatever run lies in a folder, and return where.

    Raises:
        UsageError: if no run lies there, or the place cannot be written.
    """
    folder = Path(folder)
    makers = {
        bench_frontier.RESULT: lambda: _frontier(bench_frontier.load_frontier(folder)),
        bench_variance.RESULT: lambda: _variance(bench_variance.load_variance(folder)),
        bench_sanity.RESULT: lambda: _sanity(bench_sanity.load_sanity(folder)),
    }
    for name, make in makers.items():
        if (folder / name).exists():
            return _write(_made(make, folder / name), Path(out or folder / REPORT), folder)
    if not (folder / RESULT).exists() and not (folder / "plan.json").exists():
        raise UsageError(f"{folder} holds none of {', '.join([RESULT, *makers])}; name the folder of a run")
    return write_report(Study.load(folder), out)


def _made(make: Callable[[], RunPage], path: Path) -> RunPage:
    try:
        return make()
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} is damaged, or of another version ({one_line(error)}); run the same command again"
        ) from error


def _write(page: RunPage, path: Path, folder: Path) -> Path:
    document = page.document
    about = [("made", document["created"]), *machine(document.get("study", document))]
    return write_page(
        path, "run.html", page=page, settings=flat(document["settings"]), provenance=about, folder=str(folder)
    )


def _frontier(document: Document) -> RunPage:
    several = len(document["settings"]["aggregators"]) > 1
    tables, sentences = [], []
    for reference in document["references"]:
        rows = [row for row in document["rows"] if frontier.place_of(row) == frontier.place_of(reference)]
        if rows:
            table = frontier.frontier_table(rows, narrow=False, several=several)
            tables.append(plain_table(table, frontier.heading(reference).plain))
            sentences += [
                f"{reference['method']} on {reference['architecture']}: {own}" for own in frontier.sentences(rows)
            ]
    return RunPage(
        question="Is there something cheaper than retraining?",
        intro="Averaging the saliency maps of many networks removes noise, but training many networks is dear. Cheaper "
        "ways to obtain networks were tried; each average is compared with those of networks trained from scratch.",
        sentences=sentences,
        tables=tables,
        legend=[frontier.legend(document)],
        pictures=[picture(_of_frontier(document))] if frontier_figures.drawable(document) else [],
        basis=[frontier.basis(document)],
        notes=frontier.notes(document),
        document=document,
    )


def _variance(document: Document) -> RunPage:
    rows = document["rows"]
    done = [row for row in rows if row["status"] == "ok"]
    drawing = [row for row in done if row["energy"]]
    tables = [plain_table(variance.variance_table(rows, narrow=False), "Where the noise comes from")]
    if drawing:
        tables.append(plain_table(variance.energy_table(drawing, narrow=False), "Methods that draw random numbers"))
    return RunPage(
        question="Which randomness makes the noise?",
        intro="Networks that differ only in random numbers have different saliency maps. Here they share some of these "
        "numbers and not others, which shows what each kind of randomness does to a map.",
        sentences=[f"{row['method']} on {row['architecture']}: {row['words']}." for row in done],
        tables=tables,
        legend=[variance.LEGEND.format(blocks=document["settings"]["blocks"]), *([variance.ENERGY] if drawing else [])],
        pictures=[picture(_of_seeds(document))] if seeds.drawable(document) else [],
        basis=[variance.basis(document, own) for own in document["architectures"]],
        notes=variance.notes(document),
        document=document,
    )


def _of_frontier(document: Document) -> Exhibit:
    return Exhibit(
        name="frontier",
        title="Nearness to the true mean map against the price",
        caption="Points: the average map of a sampler's members, at each budget, with 95% intervals; beside them the "
        "number of members. Dashed: networks trained anew. Above the dashed line a sampler is cheaper than retraining.",
        alt="A panel for each architecture and method: squared cosine with the true mean map against the price.",
        figure=frontier_figures.figure_of(document),
        data=frontier_figures.table_of(document),
    )


def _of_seeds(document: Document) -> Exhibit:
    return Exhibit(
        name="variance",
        title="Which seeds make the noise",
        caption="First order: the share of a map's noise that goes away when networks share this stream's seed and no "
        "other; total: the share that another seed of this stream alone brings in. Bars: 95% intervals over blocks of "
        "seeds.",
        alt="A panel for each architecture and method, a line for each stream of random numbers, as above.",
        figure=seeds.seed_figure(document),
        data=seeds.seed_table(document),
    )


def _of_sanity(panels: Sequence[sanity_figures.Panel]) -> Exhibit:
    return Exhibit(
        name="sanity",
        title="Likeness of the maps to those of networks that know nothing",
        caption="Points: cosine, corrected for noise, between what trained networks agree on and what the others "
        "do; bars: 95% interval. Above 0.71 most of the map is the same; without a point they agree on nothing.",
        alt="A panel for each architecture and method, a point with its interval for each row of the table above.",
        figure=sanity_figures.figure(panels),
        data=sanity_figures.table(panels),
    )


def _sanity(document: Document) -> RunPage:
    rows = document["rows"]
    done = [row for row in rows if row["status"] == "ok"]
    panels = sanity_figures.of_sanity(done)
    return RunPage(
        question="Would untrained networks show the same?",
        intro="A saliency map that looks the same for a network that learned nothing says nothing about what was "
        "learned. Trained networks are compared with untrained ones, and with ones trained on permuted labels.",
        sentences=[sanity.verdict_words(row) for row in done],
        tables=[plain_table(sanity.sanity_table(rows, narrow=False), "Networks that learned, and ones that did not")],
        legend=[sanity.LEGEND],
        pictures=[picture(_of_sanity(panels))] if panels else [],
        basis=[sanity.basis(document)],
        notes=sanity.notes(document),
        document=document,
    )
