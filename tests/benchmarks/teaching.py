"""How fast the loop teaches a network, beside other loops that teach the same network the same images.

    python tests/benchmarks/teaching.py

All learn artistry-single at 64 px from one painted field, with Adam and as many threads as there are cores;
an epoch is timed. The conventional loop is torchvision's ImageFolder with transforms on PIL images, a
DataLoader (2 workers, kept between epochs, or none: whichever is faster) and a network as PyTorch makes it,
not channels_last. Its images are the painted PNG files, of 96 px as in the demo or of 256 as in the paper.
Lightning's Trainer gets our tensors of bytes, standardises and converts to channels_last as we do, and is
spared logs, checkpoints and bars. The bare loop has its batches standardised before the clock starts.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from joblib import cpu_count
from paired import Comparison, in_turn, installed, table
from stores import PLANS
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from artnb import models
from artnb.atelier import open_catalogue
from artnb.catalogue import Catalogue
from artnb.images.augmentation import MEAN, NO_AUGMENTATION, STD, Augmentation, standardise
from artnb.training import TrainingConfig
from artnb.training.data import TrainingData, load
from artnb.training.fitting import learn, parts_of, reproducible
from artnb.training.loop import epoch

FIELD = "painting"
SIZE = 64
BATCH_SIZES = (32, 16)  # the default, and the demo's
WORKERS = (0, 2)
VARIED, PLAIN = Augmentation(), NO_AUGMENTATION


def comparisons() -> Iterator[Comparison]:
    torch.set_num_threads(cpu_count())
    for side, augmentation in ((96, VARIED), (96, PLAIN), (256, VARIED)):
        yield against_convention(side, augmentation)
    for batch_size in BATCH_SIZES:
        yield against_lightning(batch_size)
    for batch_size in BATCH_SIZES:
        yield against_bare_steps(batch_size)


def against_convention(side: int, augmentation: Augmentation) -> Comparison:
    catalogue = open_catalogue("atelier", PLANS[side])
    config = config_of(BATCH_SIZES[0], augmentation)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        link(catalogue, folder)
        loops = [conventional(folder, config, workers) for workers in WORKERS]
        ours, *theirs = in_turn(loop(load(catalogue, SIZE).only(FIELD), config), *loops)
    best = min(range(len(WORKERS)), key=lambda place: sorted(theirs[place])[len(ours) // 2])
    varied = "flips and shifts" if augmentation == VARIED else "no augmentation"
    against = f"ImageFolder of {side} px, DataLoader with {WORKERS[best]} workers, Adam; {varied}"
    return Comparison(ours_at(config), against, "speed", theirs[best] / ours, at_least=1.5)


def against_lightning(batch_size: int) -> Comparison:
    config, name = config_of(batch_size, PLAIN), "Lightning's Trainer, same tensors; no augmentation"
    taken = [], []
    if installed("pytorch_lightning"):
        data = training_data()
        taken = in_turn(loop(data, config), lightning(data, config))
    return Comparison(ours_at(config), name, "speed", ratio(*taken), at_least=1.1)


def against_bare_steps(batch_size: int) -> Comparison:
    """With augmentation, for its cost is the loop's too."""
    data, config = training_data(), config_of(batch_size, VARIED)
    taken = in_turn(loop(data, config), bare(data, config))
    against = "forward, backward and Adam's step alone; flips and shifts on our side"
    return Comparison(ours_at(config), against, "speed", ratio(*taken), at_least=0.95)


def ratio(ours, theirs) -> list[float]:
    return [their / our for our, their in zip(ours, theirs, strict=True)]


def ours_at(config: TrainingConfig) -> str:
    return f"an epoch of artistry-single, batches of {config.batch_size}"


def config_of(batch_size: int, augmentation: Augmentation) -> TrainingConfig:
    return TrainingConfig(
        batch_size=batch_size, augmentation=augmentation, threads=torch.get_num_threads(), device="cpu"
    )


def training_data() -> TrainingData:
    return load(open_catalogue("atelier", PLANS[96]), SIZE).only(FIELD)


def network() -> nn.Module:
    return models.create("artistry-single", (FIELD,), SIZE)


def loop(data: TrainingData, config: TrainingConfig) -> Callable[[], object]:
    parts = parts_of("artistry-single", data, config)

    def way():
        with reproducible(config):
            learn(parts, data, config, 1)

    return way


def link(catalogue: Catalogue, folder: Path) -> None:
    """The field's training images as ImageFolder wants them: a folder for each label."""
    table = catalogue.table[(catalogue.table["field"] == FIELD) & (catalogue.table["split"] == "train")]
    for id, label in zip(table["id"], table["label"], strict=True):
        path = catalogue.image_path(id).resolve()
        (folder / label).mkdir(exist_ok=True)
        (folder / label / path.name).symlink_to(path)


def conventional(folder: Path, config: TrainingConfig, workers: int) -> Callable[[], object]:
    shift = round(config.augmentation.translation * SIZE)
    varying = [v2.RandomHorizontalFlip()] if config.augmentation.flip else []
    varying += [v2.RandomCrop(SIZE, padding=shift, padding_mode="reflect")] if shift else []
    framing = [v2.Resize(SIZE, v2.InterpolationMode.BICUBIC), v2.CenterCrop(SIZE)]
    tensors = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    images = ImageFolder(folder, v2.Compose([*framing, *varying, *tensors]))
    batches = DataLoader(
        images, config.batch_size, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), config.learning_rate)

    def way():
        model.train()
        total = 0.0
        for images, targets in batches:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images, FIELD), targets)
            loss.backward()
            optimizer.step()
            total += loss.item()

    return way


def lightning(data: TrainingData, config: TrainingConfig) -> Callable[[], float]:
    import logging

    import pytorch_lightning

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

    class Module(pytorch_lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = network().to(memory_format=torch.channels_last)

        def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
            images, targets = batch
            images = standardise(images.to(memory_format=torch.channels_last))
            return F.cross_entropy(self.network(images, FIELD), targets)

        def configure_optimizers(self) -> dict[str, object]:
            optimizer = torch.optim.Adam(self.parameters(), config.learning_rate)
            scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1000)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
            }

    class Clock(pytorch_lightning.Callback):
        def on_train_epoch_start(self, *_) -> None:
            self.started = time.perf_counter()

        def on_train_epoch_end(self, *_) -> None:
            self.seconds = time.perf_counter() - self.started

    images = data.splits["train"][FIELD]
    batches = DataLoader(TensorDataset(*images.batch(slice(None))), config.batch_size, shuffle=True)
    module, clock = Module(), Clock()

    def way() -> float:
        trainer = pytorch_lightning.Trainer(
            accelerator="cpu",
            max_epochs=1,
            callbacks=[clock],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, batches)
        return clock.seconds

    return way


def bare(data: TrainingData, config: TrainingConfig) -> Callable[[], object]:
    batches = list(epoch(data.splits["train"], config, 1, torch.device("cpu")))
    model = network().to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(model.parameters(), config.learning_rate)

    def way():
        for batch in batches:
            images, targets = batch[FIELD]
            optimizer.zero_grad()
            F.cross_entropy(model(images, FIELD), targets).backward()
            optimizer.step()

    return way


if __name__ == "__main__":
    print(table(list(comparisons())))
