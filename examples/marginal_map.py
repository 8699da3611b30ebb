"""Draw the input gradients of single networks beside their mean: the picture of the README.

Run it with `uv run python examples/marginal_map.py [OUT.png]`; it needs matplotlib. The members are those of the
default study, so after `saliencynoise bench` nothing is trained.
"""

import sys

import matplotlib.pyplot as plt

import saliencynoise as sn


def main(out="marginal_map.png", singles=4, rows=4):
    study = sn.bench(dataset="digits", archs=["test_resnet"], methods=["gradient"], members=8)
    print(study.table[["method", "snr", "snr_low", "snr_high", "networks"]].to_string(index=False))

    group = study.maps["test_resnet/gradient"]
    pixels = study.maps["images"]["pixels"]
    fig, axes = plt.subplots(rows, singles + 2, figsize=(1.3 * (singles + 2), 1.35 * rows + 0.4), layout="constrained")
    for image, line in enumerate(axes):
        single = [group["maps"][member, image, 0].to_numpy() for member in range(singles)]
        mean = group["marginal"][image, 0].to_numpy()
        limit = max(abs(values).max() for values in [*single, mean])  # one symmetric scale a row
        line[0].imshow(pixels[image, 0].to_numpy(), cmap="gray_r")
        for axis, values in zip(line[1:], [*single, mean], strict=True):
            axis.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit)
        for axis in line:
            axis.set(xticks=[], yticks=[])
    titles = ["image", *(f"network {member + 1}" for member in range(singles)), "mean of 8"]
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=9)
    fig.savefig(out, dpi=150)
    print(f"wrote {out}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
