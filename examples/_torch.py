"""What the examples that train with PyTorch share: the device, and Fashion-MNIST from a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch


DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # of package dataset-fashion-mnist
N_TRAIN, N_TEST = 60_000, 10_000
Images = tuple[torch.Tensor, torch.Tensor]  # (n, 1, 28, 28) in [0, 1], and (n,) labels 0 … 9
# What torchvision looks up when it is imported; its other operators are looked up when called.
OPERATORS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def pick_device(*, n_threads: int = 1) -> torch.device:
    """The GPU when there is one; otherwise at most so many threads of the processor.

    The networks are small: many threads would spend their time waiting for each other.
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    torch.set_num_threads(min(n_threads, torch.get_num_threads()))
    return torch.device("cpu")


def fashion_mnist(data: Path | None, out: Path, *, n_train: int, n_test: int) -> list[Images]:
    """The first images of Fashion-MNIST: of the training set, and of the test set.

    Args:
        data: Folder that holds the four ``.gz`` files; :obj:`None` for Debian's if installed, and
            otherwise a download.
        out: Folder for the unpacked files, 55 MB.
        n_train: Number of training images.
        n_test: Number of test images.

    Raises:
        FileNotFoundError: If a file is missing in ``data``.
    """
    torchvision = import_torchvision()
    utils, raw = torchvision.datasets.utils, out / "FashionMNIST" / "raw"
    if data is None and DEBIAN_FOLDER.is_dir():
        data = DEBIAN_FOLDER
    if data is not None:
        for name, _ in torchvision.datasets.FashionMNIST.resources:
            if not (data / name).is_file():
                raise FileNotFoundError(
                    f"--data {data}: there is no {name} in it; leave --data out to download it"
                )
            if not (raw / Path(name).stem).exists():
                raw.mkdir(parents=True, exist_ok=True)
                utils.extract_archive(str(data / name), str(raw))
    images = []
    for is_train, n_images in ((True, n_train), (False, n_test)):
        dataset = torchvision.datasets.FashionMNIST(
            str(out),
            train=is_train,
            transform=torchvision.transforms.ToTensor(),
            download=data is None,
        )
        pixels = [dataset[i][0] for i in range(min(n_images, len(dataset)))]
        images.append((torch.stack(pixels), dataset.targets[: len(pixels)].clone()))
    return images


def import_torchvision() -> Any:
    """torchvision, also where its compiled operators do not fit the installed PyTorch.

    A build for CUDA does not load beside PyTorch's CPU build, and then the import itself fails
    because torchvision describes operators that are missing. Data sets and transforms need none of
    them, so they are declared, without an implementation, and the import is tried again.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        _declare_operators()
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]  # what the failed attempt left half imported
        import torchvision
    return torchvision


def _declare_operators() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name, schema in OPERATORS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
    _LIBRARIES.append(library)  # what a library declares goes when the library goes


_LIBRARIES: list[torch.library.Library] = []
