"""How far logits of equal images differ by rounding alone, beside what the test of steadiness allows.

`uv run python tests/benchmarks/steadiness.py ARCH [ARCH ...]`: networks with random weights, 32 px, in float32 and
bfloat16, contiguous and channels_last, on the CPU and, where there is one, on the GPU; prints the largest difference
relative to the largest logit between two equal passes, and of one image beside two others.
"""

import sys

import torch

from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes
from saliencynoise.scoring.steadiness import ROUNDING


def main(*archs):
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in devices:
        for precision in ("float32", "bfloat16"):
            worst = 0.0
            for arch in archs:
                for memory in (torch.contiguous_format, torch.channels_last):
                    torch.manual_seed(0)
                    network = catalogue().model(arch).load().build((3, 32, 32), 10)
                    network.module.to(device, memory_format=memory)
                    passes = Passes(network, precision=precision)
                    x = torch.randn(3, 3, 32, 32, device=device)
                    first, again, beside = (passes.logits(own) for own in (x[:2], x[:2], x[[0, 2]]))
                    size = float(first.abs().max())
                    found = max(float((first - again).abs().max()), float((first - beside)[:1].abs().max())) / size
                    print(f"{device} {precision} {arch} {memory}: {found:.2g}")
                    worst = max(worst, found)
            print(f"{device} {precision}: at most {worst:.2g}; allowed {ROUNDING[precision]:.2g}")


if __name__ == "__main__":
    main(*(sys.argv[1:] or ("test_resnet", "test_vit", "test_convnext", "test_efficientnet", "resnet")))
