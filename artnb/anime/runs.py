"""A finished training is a folder, named by what it is.

run.json               its network, config, data and environment; written last
weights.safetensors    of the generator, averaged over the steps
history.parquet        the terms of every step
spectra.parquet        what was made, by frequency, now and then
snapshots.safetensors  the same few photographs, and what was made of them, now and then
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from artnb.anime.generator import Generator
from artnb.anime.portraits import PortraitGenerator
from artnb.errors import RunError
from artnb.paths import resolve
from artnb.training.runs import DESCRIPTION, HISTORY, WEIGHTS, damaged, described, sha256

FORMAT = 2  # raised whenever the same training would give other numbers: older runs are then trained anew
FOLDER = "data/anime-runs"  # below `paths.home()`
SPECTRA, SNAPSHOTS = "spectra.parquet", "snapshots.safetensors"
NETWORKS = {"fsgan": Generator, "afgan": PortraitGenerator}


def fingerprint(kind: str, *what: object) -> str:
    """16 hex digits of whatever decides a run; of tensors their bytes."""
    digest = hashlib.sha256(repr((FORMAT, kind)).encode())
    for each in what:
        if isinstance(each, Tensor):
            digest.update(
                repr((each.dtype, tuple(each.shape))).encode() + each.contiguous().numpy().tobytes()
            )
        else:
            digest.update(repr(each).encode())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Run:
    """A training in `folder`, finished or not.

    Raises:
        RunError: on first use, where the folder holds no finished run or one that cannot be read.
    """

    folder: Path

    @property
    def finished(self) -> bool:
        return (self.folder / DESCRIPTION).is_file()

    @cached_property
    def description(self) -> dict:
        """kind ("fsgan" or "afgan"), options of its network, config, steps, seconds, and more."""
        description = described(self.folder, FORMAT, "anime run")
        if description.get("kind") not in NETWORKS:
            raise damaged(self.folder / DESCRIPTION, "it describes no anime run")
        return description

    @cached_property
    def history(self) -> pd.DataFrame:
        """step (from 1), and of each step the terms that were learnt by, not yet weighted; NaN before."""
        return self.table(HISTORY)

    @cached_property
    def spectra(self) -> pd.DataFrame:
        """step, and as `artnb.anime.spectra.radial`."""
        return self.table(SPECTRA)

    def snapshots(self) -> dict[str, Tensor]:
        """ "photograph", and "step N" of several N in their order: each N 3 H W uint8."""
        path = self.folder / SNAPSHOTS
        try:
            with safe_open(path, "pt") as file:
                found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise damaged(path, error) from None
        return dict(sorted(found.items(), key=lambda item: (item[0] != "photograph", len(item[0]), item[0])))

    def network(self) -> nn.Module:
        """The generator, in evaluation mode."""
        path = self.folder / WEIGHTS
        try:
            if self.description.get("weights_sha256") != sha256(path):
                raise ValueError("its numbers have changed since it was written")
            network = NETWORKS[self.description["kind"]](**self.description["options"])
            network.load_state_dict(load_file(path))
        except (OSError, SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
            raise damaged(path, error) from None
        return network.requires_grad_(False).eval()

    def table(self, name: str) -> pd.DataFrame:
        try:
            return pd.read_parquet(self.folder / name)
        except (OSError, ValueError) as error:
            raise damaged(self.folder / name, error) from None


def find(folder: str | Path = FOLDER) -> list[Run]:
    """The finished runs below `folder`, the latest first; by default those that `train` left in ARTNB_HOME.

    A relative folder is looked for below `paths.home()`. Folders of other formats, and such as hold none, are
    passed over: `artnb.anime.load` takes a run's `folder`.
    """
    records = sorted(resolve(folder).glob(f"*/{DESCRIPTION}"), key=lambda path: path.stat().st_mtime)
    return [run for run in (Run(path.parent) for path in reversed(records)) if readable(run)]


def readable(run: Run) -> bool:
    try:
        return bool(run.description)
    except RunError:
        return False
