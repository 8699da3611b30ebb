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
        summary="Fill a pool with trained members, without attributing anything; `bench` then finds them.",
        target="saliencynoise.cli.train:train",
    ),
    CommandSpec(
        name="explain",
        summary="Explain your own pictures: what an ensemble sees in them, where, and how far that can be trusted.",
        target="saliencynoise.cli.explain:explain",
    ),
    CommandSpec(
        name="show",
        summary="Print the table of a run or of a frontier again, or other figures of a run, from its files.",
        target="saliencynoise.cli.show:show",
    ),
    CommandSpec(
        name="report",
        summary="Write one HTML page of a run, a frontier, a variance or a sanity run: findings, table, figures, "
        "provenance.",
        target="saliencynoise.cli.report:report",
    ),
    CommandSpec(
        name="compare",
        summary="Compare methods, and architectures, of a run; or put several runs side by side.",
        target="saliencynoise.cli.compare:compare",
    ),
    CommandSpec(
        name="plan",
        summary="Say how many more networks a run needs and what they cost here, and check earlier forecasts.",
        target="saliencynoise.cli.plan:plan",
    ),
    CommandSpec(
        name="variance",
        summary="Show which randomness makes the noise: initialisation, data order, augmentation, dropout, or "
        "hardware.",
        target="saliencynoise.cli.variance:variance",
    ),
    CommandSpec(
        name="sanity",
        summary="Show whether untrained networks, or networks trained on permuted labels, have the same saliency maps.",
        target="saliencynoise.cli.sanity:sanity",
    ),
    CommandSpec(
        name="frontier",
        summary="Is there something cheaper than retraining? Hold samplers against networks that they do not use.",
        target="saliencynoise.cli.frontier:frontier",
    ),
    CommandSpec(
        name="methods",
        summary="List the methods: family, kind, whether they draw random numbers, cost of an image, paper.",
        target="saliencynoise.cli.methods:methods",
    ),
    CommandSpec(
        name="plugins",
        summary="List what each plugin brings, and the plugins that failed to load, with the reason.",
        target="saliencynoise.cli.plugins:plugins_app",
    ),
    CommandSpec(
        name="pools",
        summary="List, verify, remove, export, import pools of trained members.",
        target="saliencynoise.cli.pools:pools_app",
    ),
)
