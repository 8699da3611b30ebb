"""What sharing a pass saves, and what ending the backward pass at the layer saves.

`uv run python tests/benchmarks/shared_pass.py [ARCH] [SIZE]`: both sides in one process, one thread, the same images
and network, alternating; prints the ratio of the medians.
"""

import sys

import torch
from compare import compare

from saliencynoise.interfaces import Batch, Noise
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.methods.gradient import Gradient
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, Scorer, attribute_together

METHODS = {"gradient": Gradient(), "top": GradCam("top"), "intermediate": GradCam("intermediate")}


def main(arch="resnet18", size="32", images=16):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = catalogue().model(arch, {}).load().build((3, int(size), int(size)), 10)
    passes = Passes(network)
    x = torch.randn(images, 3, int(size), int(size))
    batch = Batch(x=x, target=torch.arange(images) % 10, background=x, noise=Noise(tuple(range(images))))
    cams = {name: method for name, method in METHODS.items() if name != "gradient"}
    print(f"{arch}, {images} images of {size} px, torch {torch.__version__}, one thread")

    def together():
        attribute_together(passes, METHODS, batch)

    def apart():
        for name, method in METHODS.items():
            attribute_together(passes, {name: method}, batch)

    def cams_cut_at_the_layer():
        Scorer(passes, batch).taps(batch.x[:, None], *cams)

    def cams_back_to_the_image():
        Scorer(passes, batch).taps(batch.x[:, None], "input", *cams)

    compare("three methods in one pass against a pass each", together, apart)
    compare("two CAMs with the backward pass cut against whole", cams_cut_at_the_layer, cams_back_to_the_image)


if __name__ == "__main__":
    main(*sys.argv[1:])
