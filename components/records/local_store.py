"""The store in a local folder."""

import os
import tempfile
from pathlib import Path

PARTIAL = ".partial-"  # names of unfinished writes begin so; no listing shows them


class LocalStore:
    """Create-only files: written and synced under a hidden name, then linked to the final one, which fails if taken."""

    def __init__(self, folder: str):
        self.root = Path(folder).expanduser().absolute()
        self.uri = str(self.root)

    def create(self, path: str, data: bytes) -> bool:
        """Writes an object unless its name is taken; returns whether this call wrote it."""
        target = self._target(path)
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=PARTIAL, dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(partial, 0o644)
            os.link(partial, target)
        except FileExistsError:
            return False
        finally:
            os.unlink(partial)
        self._sync_folders(target.parent)
        return True

    def read(self, path: str) -> bytes | None:
        """Returns an object's bytes, None where there is none."""
        try:
            return self._target(path).read_bytes()
        except FileNotFoundError:
            return None

    def exists(self, path: str) -> bool:
        """Returns whether there is such an object."""
        return self._target(path).is_file()

    def paths(self, prefix: str) -> list[str]:
        """Returns the sorted paths of all objects below a folder, at any depth; of an object's own name, that one."""
        return sorted(str(file.relative_to(self.root)) for file in self._files(prefix))

    def delete(self, path: str) -> None:
        """Removes an object; it is no error where there is none."""
        self._target(path).unlink(missing_ok=True)

    def size_bytes(self, prefix: str) -> int:
        """Returns the bytes of all objects below a folder, or of the object of that name."""
        return sum(file.stat().st_size for file in self._files(prefix))

    def local_path(self, path: str) -> Path:
        """Returns where an object lies, so that it can be mapped into memory."""
        return self._target(path)

    def _files(self, prefix: str) -> list[Path]:
        top = self._target(prefix)
        found = [top] if top.is_file() else [Path(at, name) for at, _, names in os.walk(top) for name in names]
        return [file for file in found if not file.name.startswith(PARTIAL)]

    def _target(self, path: str) -> Path:
        target = Path(os.path.normpath(self.root / path))
        if not target.is_relative_to(self.root):
            raise ValueError(f"`path` must stay inside the store. Received: path={path!r}.")
        return target

    def _sync_folders(self, folder: Path) -> None:
        while True:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if folder == self.root or folder == folder.parent:
                return
            folder = folder.parent
