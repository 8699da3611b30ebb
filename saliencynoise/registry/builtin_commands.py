"""The built-in commands, in the order of `saliencynoise --help`."""

from __future__ import annotations

from saliencynoise.interfaces.specs import CommandSpec

COMMANDS = (
    CommandSpec(
        name="bench",
        summary="Train an ensemble on real images and report the SNR of its saliency maps.",
        target="saliencynoise.cli.bench:bench",
        result_file="result.json",
        results="saliencynoise.report.kinds:STUDY",
        group="start here",
    ),
    CommandSpec(
        name="explain",
        summary="Explain your own pictures with an ensemble: predictions, saliency maps, and how reliable they are.",
        target="saliencynoise.cli.explain:explain",
        result_file="explanation.json",
        results="saliencynoise.report.kinds:EXPLANATION",
        group="start here",
    ),
    CommandSpec(
        name="measure",
        summary="Measure saliency maps that were computed elsewhere, from files of arrays or tables.",
        target="saliencynoise.cli.measure:measure",
        group="start here",
    ),
    CommandSpec(
        name="runs",
        summary="List the results in ./runs, the newest first: kind, date, subject, main finding.",
        target="saliencynoise.cli.runs:runs",
        group="look",
    ),
    CommandSpec(
        name="show",
        summary="Print the table of any result from its files, or other figures of a bench.",
        target="saliencynoise.cli.show:show",
        group="look",
    ),
    CommandSpec(
        name="report",
        summary="Write the HTML page of any result: findings, table, figures, provenance.",
        target="saliencynoise.cli.report:report",
        group="look",
    ),
    CommandSpec(
        name="compare",
        summary="Compare the methods and architectures of a run, or show several runs side by side.",
        target="saliencynoise.cli.compare:compare",
        group="look",
    ),
    CommandSpec(
        name="statement",
        summary="Print paragraphs of methods and results for a paper, what must be admitted, and a checklist.",
        target="saliencynoise.cli.statement:statement",
        group="look",
    ),
    CommandSpec(
        name="cite",
        summary="Print BibTeX of all that a run used: this program, methods, data, architectures, libraries.",
        target="saliencynoise.cli.cite:cite",
        group="look",
    ),
    CommandSpec(
        name="convert",
        summary="Convert a published SNR to the corrected one, as far as its definition allows: floor, SNR, networks "
        "for 0.9.",
        target="saliencynoise.cli.convert:convert",
        group="look",
    ),
    CommandSpec(
        name="plan",
        summary="Estimate how many more networks a run needs and how long they take here; check earlier forecasts.",
        target="saliencynoise.cli.plan:plan",
        group="plan",
    ),
    CommandSpec(
        name="train",
        summary="Train members into a pool without attributing anything; `bench` finds them there.",
        target="saliencynoise.cli.train:train",
        group="plan",
    ),
    CommandSpec(
        name="pools",
        summary="List, verify, remove, export and import pools of trained members.",
        target="saliencynoise.cli.pools:pools_app",
        group="plan",
    ),
    CommandSpec(
        name="variance",
        summary="Measure which randomness causes the noise: initialisation, data order, augmentation, dropout, or "
        "hardware.",
        target="saliencynoise.cli.variance:variance",
        result_file="variance.json",
        results="saliencynoise.report.kinds:VARIANCE",
        group="research",
    ),
    CommandSpec(
        name="sanity",
        summary="Test whether untrained networks, or networks trained on permuted labels, have the same saliency maps.",
        target="saliencynoise.cli.sanity:sanity",
        result_file="sanity.json",
        results="saliencynoise.report.kinds:SANITY",
        group="research",
    ),
    CommandSpec(
        name="frontier",
        summary="Compare cheap samplers with independently trained networks.",
        target="saliencynoise.cli.frontier:frontier",
        result_file="frontier.json",
        results="saliencynoise.report.kinds:FRONTIER",
        group="research",
    ),
    CommandSpec(
        name="methods",
        summary="List the methods: family, kind, use of random numbers, cost of an image, paper.",
        target="saliencynoise.cli.methods:methods",
        group="extend",
    ),
    CommandSpec(
        name="plugins",
        summary="List the contents of each plugin, and the plugins that failed to load, with the reason.",
        target="saliencynoise.cli.plugins:plugins_app",
        group="extend",
    ),
)
