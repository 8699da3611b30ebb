"""The built-in commands, in the order of `saliencynoise --help`."""

from __future__ import annotations

from saliencynoise.interfaces.specs import CommandSpec

COMMANDS = (
    CommandSpec(
        name="bench",
        summary="Train an ensemble on real images and report the SNR of its saliency maps.",
        target="saliencynoise.cli.bench:bench",
    ),
    CommandSpec(
        name="train",
        summary="Train members into a pool without attributing anything; `bench` finds them there.",
        target="saliencynoise.cli.train:train",
    ),
    CommandSpec(
        name="explain",
        summary="Explain your own pictures with an ensemble: predictions, saliency maps, and how reliable they are.",
        target="saliencynoise.cli.explain:explain",
    ),
    CommandSpec(
        name="measure",
        summary="Measure saliency maps that were computed elsewhere, from files of arrays or tables.",
        target="saliencynoise.cli.measure:measure",
    ),
    CommandSpec(
        name="show",
        summary="Print the table of a run or a frontier from its files, or other figures of a run.",
        target="saliencynoise.cli.show:show",
    ),
    CommandSpec(
        name="report",
        summary="Write an HTML page about a bench, frontier, variance or sanity run: findings, table, figures, "
        "provenance.",
        target="saliencynoise.cli.report:report",
    ),
    CommandSpec(
        name="compare",
        summary="Compare the methods and architectures of a run, or show several runs side by side.",
        target="saliencynoise.cli.compare:compare",
    ),
    CommandSpec(
        name="statement",
        summary="Print paragraphs of methods and results for a paper, what must be admitted, and a checklist.",
        target="saliencynoise.cli.statement:statement",
    ),
    CommandSpec(
        name="cite",
        summary="Print BibTeX of all that a run used: this program, methods, data, architectures, libraries.",
        target="saliencynoise.cli.cite:cite",
    ),
    CommandSpec(
        name="convert",
        summary="Convert an SNR of another paper's table to the corrected one, as far as its definition allows.",
        target="saliencynoise.cli.convert:convert",
    ),
    CommandSpec(
        name="plan",
        summary="Estimate how many more networks a run needs and how long they take here; check earlier forecasts.",
        target="saliencynoise.cli.plan:plan",
    ),
    CommandSpec(
        name="variance",
        summary="Measure which randomness causes the noise: initialisation, data order, augmentation, dropout, or "
        "hardware.",
        target="saliencynoise.cli.variance:variance",
    ),
    CommandSpec(
        name="sanity",
        summary="Test whether untrained networks, or networks trained on permuted labels, have the same saliency maps.",
        target="saliencynoise.cli.sanity:sanity",
    ),
    CommandSpec(
        name="frontier",
        summary="Compare cheap samplers with independently trained networks.",
        target="saliencynoise.cli.frontier:frontier",
    ),
    CommandSpec(
        name="methods",
        summary="List the methods: family, kind, use of random numbers, cost of an image, paper.",
        target="saliencynoise.cli.methods:methods",
    ),
    CommandSpec(
        name="plugins",
        summary="List the contents of each plugin, and the plugins that failed to load, with the reason.",
        target="saliencynoise.cli.plugins:plugins_app",
    ),
    CommandSpec(
        name="pools",
        summary="List, verify, remove, export and import pools of trained members.",
        target="saliencynoise.cli.pools:pools_app",
    ),
)
