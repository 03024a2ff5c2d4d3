"""Small files in each format that a configuration can name, as their publishers write them."""

import gzip
import struct

import numpy as np
from PIL import Image

CLASSES = 10


def idx_bytes(array):
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_idx(folder, compressed=False, samples=60, tests=20, shape=(4, 3)):
    """Write the four files; return the training pictures (N, height, width) and labels (N,)."""
    random = np.random.default_rng(0)
    written = []
    for part, count in (("train", samples), ("t10k", tests)):
        y = (np.arange(count) % CLASSES).astype(np.uint8)
        x = (random.integers(0, 50, (count, *shape)) + 20 * y[:, None, None]).astype(np.uint8)
        for stem, array in (("images-idx3-ubyte", x), ("labels-idx1-ubyte", y)):
            content = idx_bytes(array)
            name = f"{part}-{stem}"
            if compressed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)
        written.append((x, y))
    return written[0]


def write_cifar(folder, samples=10):
    """Write six batches into ``cifar-10-batches-bin``; return the first one's pictures (N, 3072) and labels (N,)."""
    random = np.random.default_rng(1)
    (folder / "cifar-10-batches-bin").mkdir()
    first = None
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        pictures = random.integers(0, 256, (samples, 3072)).astype(np.uint8)
        labels = np.arange(samples) % CLASSES
        records = np.column_stack([labels.astype(np.uint8), pictures])
        (folder / "cifar-10-batches-bin" / f"{name}.bin").write_bytes(records.tobytes())
        first = first or (pictures, labels)
    return first


def write_csv(path, samples=40):
    """Write a table with the columns id (text), width, height, price (a number) and kind (a text)."""
    random = np.random.default_rng(2)
    lines = ["id,width,height,price,kind"]
    for number in range(samples):
        width, height = random.random(2).round(3)
        lines.append(f"n{number},{width},{height},{2 * width + height:.4f},{'wide' if width > height else 'high'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_npz(path, save=np.savez, samples=40):
    random = np.random.default_rng(3)
    y = np.arange(samples) % 2 * 3 + 4
    x = random.random((samples, 2, 3)) + (y == 7)[:, None, None]
    save(path, x=x, y=y)
    return x, y


def write_pair(folder, samples=40):
    write_npz(folder, lambda _, x, y: [np.save(folder / name, array) for name, array in (("x", x), ("y", y))], samples)


def write_hdf5(folder, samples=(20, 6), shape=(4, 5, 3), **options):
    import h5py

    random = np.random.default_rng(4)
    written = []
    for part, count in zip(("train", "test"), samples, strict=True):
        y = np.arange(count) % 2
        x = (random.integers(0, 100, (count, *shape)) + 100 * y[:, None, None, None]).astype(np.uint8)
        with h5py.File(folder / f"{part}_catvnoncat.h5", "w") as file:
            file.create_dataset(f"{part}_set_x", data=x, **options)
            file.create_dataset(f"{part}_set_y", data=y)
            file.create_dataset("list_classes", data=np.array([b"non-cat", b"cat"]))
        written.append((x, y))
    return written[0]


def write_images(folder, samples=12, mode="RGB", size=(5, 4)):
    """Write pictures of this (width, height) into the folders ``dark`` and ``light``."""
    random = np.random.default_rng(5)
    for name, ground in (("dark", 40), ("light", 200)):
        (folder / name).mkdir()
        for number in range(samples):
            pixels = (ground + random.integers(0, 50, (size[1], size[0], 3))).astype(np.uint8)
            Image.fromarray(pixels).convert(mode).save(folder / name / f"{number:02}.png")
