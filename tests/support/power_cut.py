"""A disk that loses, when the power goes, whatever was not flushed to it.

A process whose libc is wrapped by power_cut.c keeps, at every fsync, the file's content or the folder's names in a
folder `disk`, by inode. `after_cut` makes of these what would be found at the next start: a name is there if its
folder was flushed since, and a file has the content of its own last flush, or none.
"""

import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


def build(folder: Path) -> Path | None:
    """The library to preload; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "power_cut.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


def flushed(root: Path, disk: Path) -> None:
    """Take all that is in a folder as flushed."""
    disk.mkdir()
    for where, folders, names in os.walk(root):
        here = Path(where)
        lines = [f"{(here / n).stat().st_ino} {int(n in folders)} {n}\n" for n in (*folders, *names)]
        (disk / str(here.stat().st_ino)).write_text("".join(lines))
        for name in names:
            shutil.copyfile(here / name, disk / str((here / name).stat().st_ino))


def after_cut(root: Path, disk: Path, target: Path) -> Path:
    """What is found of a folder after the power went."""
    _restore(root.stat().st_ino, disk, target)
    return target


def _restore(number: int, disk: Path, target: Path) -> None:
    target.mkdir()
    listing = disk / str(number)
    for line in listing.read_text().splitlines() if listing.exists() else ():
        inode, is_folder, name = line.split(" ", 2)
        content = disk / inode
        if int(is_folder):
            _restore(int(inode), disk, target / name)
        elif content.exists():
            shutil.copyfile(content, target / name)
        else:
            (target / name).touch()
