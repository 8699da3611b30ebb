"""Train four networks with plain PyTorch and timm, as somebody would who has never heard of saliencynoise.

Run it with `uv run python examples/own_checkpoints.py [FOLDER]`; 40 s on one core of a 2-core Xeon (torch 2.15), and
accuracies of 0.97 to 0.99. It writes pictures of digits, a folder for each class, and a file for each network, and
prints the command that benches them. See docs/guides/own-checkpoints.md.
"""

import sys
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

NETWORKS, EPOCHS, SIZE = 4, 2, 32


def write_pictures(folder):
    """Save scikit-learn's digits as pictures: every fifth to test on."""
    digits = load_digits()
    for index, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = folder / ("test" if index % 5 == 0 else "train") / str(label) / f"{index:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 255 / 16).astype("uint8")).resize((SIZE, SIZE), Image.Resampling.BILINEAR).save(path)


def load_pictures(folder, *, train):
    steps = [transforms.Grayscale(), transforms.ToTensor(), transforms.Normalize(0.5, 0.5)]
    pictures = ImageFolder(folder / ("train" if train else "test"), transforms.Compose(steps))
    pixels = torch.stack([image for image, _ in pictures])  # few enough to be decoded once
    labels = torch.tensor(pictures.targets)
    return DataLoader(torch.utils.data.TensorDataset(pixels, labels), batch_size=32, shuffle=train, drop_last=train)


def train_network(pictures):
    # output_stride keeps the last map at 4x4 cells; on 32 pixels timm's default leaves a single one
    network = timm.create_model("test_resnet", num_classes=10, in_chans=1, output_stride=8)
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=EPOCHS * len(pictures))
    network.train()
    for _ in range(EPOCHS):
        for images, labels in pictures:
            loss = F.cross_entropy(network(images), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


@torch.no_grad()
def accuracy(network, pictures):
    correct = [network(images).argmax(1) == labels for images, labels in pictures]
    return torch.cat(correct).float().mean().item()


def main(folder="own-checkpoints"):
    torch.set_num_threads(1)
    folder = Path(folder)
    write_pictures(folder / "pictures")
    training, test = (load_pictures(folder / "pictures", train=train) for train in (True, False))
    (folder / "networks").mkdir(exist_ok=True)
    for index in range(NETWORKS):
        torch.manual_seed(index)
        network = train_network(training)
        path = folder / "networks" / f"network-{index}.safetensors"
        save_file(network.state_dict(), path)
        print(f"{path}: accuracy {accuracy(network, test):.3f}", flush=True)
    files = f"'{folder / 'networks'}/*.safetensors'"
    print(
        f"saliencynoise bench --dataset folder:{folder / 'pictures'} --sampler checkpoints:{files} --arch test_resnet "
        "--arch-arg adapt=false --arch-arg output_stride=8 --normalization 0.5/0.5"
    )


if __name__ == "__main__":
    main(*sys.argv[1:2])
