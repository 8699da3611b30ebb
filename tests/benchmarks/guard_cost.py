"""What it costs to guard methods: the copies, the seeding and the comparison, beside the attribution itself.

`uv run python tests/benchmarks/guard_cost.py [ARCH] [SIZE] [CHANNELS]`: one thread, one chunk of 32 images, medians of
alternating measurements; prints the share of the guard's own work, for the cheapest method of each kind and for the
methods of the default bench together.
"""

import statistics
import sys
import time

import torch

from saliencynoise.engine.config import DEFAULT_METHODS
from saliencynoise.interfaces import Batch, Maps, Noise
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Guard, Passes, attribute
from saliencynoise.scoring.guard import _copied  # its own work is what is measured

IMAGES, BACKGROUND = 32, 64


class PlainGradient:
    """The cheapest module method."""

    def attribute_module(self, network, batch):
        x = batch.x.detach().clone().requires_grad_()
        score = network.module(x).gather(1, batch.target[:, None]).sum()
        return Maps(values=torch.autograd.grad(score, x)[0])


def seconds(function):
    start = time.process_time()
    function()
    return time.process_time() - start


def main(arch="test_resnet", size="16", channels="1"):
    torch.set_num_threads(1)
    shape = (int(channels), int(size), int(size))
    network = catalogue().model(arch).load().build(shape, 10)
    x = torch.randn(BACKGROUND, *shape)
    batch = Batch(x=x[:IMAGES], target=torch.arange(IMAGES) % 10, background=x, noise=Noise(tuple(range(IMAGES))))
    passes = Passes(network)
    guard = Guard(passes, x[:1])
    parameters = sum(own.numel() for own in network.module.parameters())
    print(f"{arch}, {parameters / 1e6:.2f} M parameters, {IMAGES} images of {shape}, torch {torch.__version__}")
    methods = {
        "module, plain gradient": (PlainGradient(), True),
    }
    methods |= {text: (catalogue().method(text).instance, False) for text in DEFAULT_METHODS}
    together = {"attribution": 0.0, "guard": 0.0}
    for name, (method, values) in methods.items():

        def work(method=method):
            attribute(passes, method, batch)

        def guarding(values=values):
            with guard._random.numbers(0):
                _copied(batch)
            guard._settings.restore()
            guard._state.restore(values=values)

        work(), guarding()
        pairs = [(seconds(work), seconds(guarding)) for _ in range(15)]
        whole, own = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{name}: {1e3 * whole:.2f} ms, guard {1e3 * own:.3f} ms: {own / whole:.2%}")
        if name in DEFAULT_METHODS:
            together["attribution"] += whole
            together["guard"] += own
    print(f"the default bench's methods: {together['guard'] / together['attribution']:.2%}")


if __name__ == "__main__":
    main(*sys.argv[1:])
