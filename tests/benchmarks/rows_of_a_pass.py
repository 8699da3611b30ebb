"""What filling the passes saves, and what DeepLIFT costs.

`uv run python tests/benchmarks/rows_of_a_pass.py [ARCH] [SIZE]`: both sides in one process, one thread, the same images
and network, alternating; prints the ratio of the medians.
"""

import sys

import torch
from compare import compare

from saliencynoise.interfaces import Batch, Noise
from saliencynoise.methods.deeplift import DeepLift
from saliencynoise.methods.integrated_gradients import IntegratedGradients
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, attribute


def main(arch="resnet18", size="32", images=8):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = catalogue().model(arch, {}).load().build((3, int(size), int(size)), 10)
    x = torch.randn(images, 3, int(size), int(size))
    batch = Batch(x=x, target=torch.arange(images) % 10, background=x, noise=Noise(tuple(range(images))))
    print(f"{arch}, {images} images of {size} px, torch {torch.__version__}, one thread")

    def integrated(rows):
        return lambda: attribute(Passes(network, rows=rows), IntegratedGradients(steps=16), batch)

    compare(
        "integrated gradients of 16 steps in passes of 128 rows against 8", integrated(128), integrated(8), repeats=3
    )
    plain, both = Passes(network), torch.cat([x, -x])

    def deeplift():
        attribute(plain, DeepLift(), batch)

    def forward_and_backward():
        plain.taps(both, batch.target.repeat(2), ("input",))

    compare("DeepLIFT against a plain pass of images and baselines", deeplift, forward_and_backward)


if __name__ == "__main__":
    main(*sys.argv[1:])
