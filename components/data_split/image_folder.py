"""`images:FOLDER`: image files, in a folder for each class."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from components.data_split.errors import DataError
from components.data_split.labelled import Images, Labelled
from components.records.search import Data

GRAYSCALE = ("1", "L", "LA")  # modes of Pillow
COLOR = ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")
WHITE = 255


def read_image_folder(folder: str, data: Data) -> Labelled:
    """Reads every file below each class's folder, resized to `data.image_size`; hidden files are passed over.

    The set is grayscale, `[height, width, 1]`, where every image is, else RGB, `[height, width, 3]`. Transparency is
    dropped.

    Raises:
        DataError: where there is no such folder, no class or no image in it, or a file is no image of 8 bits a channel.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise DataError("data.source", "be a folder", f"{folder}, which is none")
    classes = [below.name for below in _visible(root.iterdir()) if below.is_dir()]
    files = [_visible(file for file in (root / name).rglob("*") if file.is_file()) for name in classes]
    if not any(files):
        raise DataError("data.source", "have a folder of images for each class", f"{folder} without images")
    assert data.image_size is not None  # the table of sources says that it is needed
    height, width = data.image_size
    images = [_read_image(file, height, width) for of_class in files for file in of_class]
    channels = max(image.shape[-1] for image in images)
    pixels = np.stack([np.broadcast_to(image, (height, width, channels)) for image in images])
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), [len(of_class) for of_class in files])
    return Labelled(Images(pixels, WHITE), labels, tuple(classes))


def _visible(paths) -> list[Path]:
    return sorted(path for path in paths if not path.name.startswith("."))


def _read_image(file: Path, height: int, width: int) -> np.ndarray:
    """Reads an image as `[height, width, 1 or 3]` uint8."""
    try:
        with Image.open(file) as opened:
            mode, image = opened.mode, ImageOps.exif_transpose(opened)
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # Pillow raises any of these
        raise DataError("data.source", "hold readable images alone", f"{file} ({error})") from error
    if mode not in GRAYSCALE + COLOR:
        raise DataError("data.source", "hold images of 8 bits a channel", f"{file} of mode {mode}")
    image = image.convert("L" if mode in GRAYSCALE else "RGB")
    resized = image.resize((width, height), Image.Resampling.BILINEAR)  # Pillow's averages over all covered pixels
    return np.asarray(resized).reshape(height, width, -1)
