"""Where a training computes, and over how many processes.

    torchrun --nproc-per-node 2 script.py    # a script that calls `fit` or `Design.run`

Lightning Fabric chooses the device, joins the processes that torchrun started, and lets them wait for each
other. Several processes train what one trains, so that the run has the same name: every process draws the
same batches and takes its share of each; logits, statistics and gradients are summed. Only the order of sums
differs, and with it the last digits; dropout alone draws other masks. All see one folder of runs, into which
process 0 writes. That shortens one training; of many small ones more are done if each has a device to itself.

Of Fabric, `setup` is not used: DistributedDataParallel averages over processes, which is wrong where shares
are unequal, and normalises each share by itself; Fabric's mixed precision rounds the images too, and keeps
casts of weights. Nor are its reductions: each waits at a barrier of its own, and passes no gradient on.
"""

import os
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from artnb.errors import TrainingError

if TYPE_CHECKING:  # a second of importing that only those pay who train
    from lightning_fabric import Fabric


@cache
def launch(device: str) -> "Fabric":
    """The processes of this training (under torchrun all that it started, else this one) on `device`.

    Raises:
        TrainingError: `device` does not work here, or there are fewer of it than processes.
    """
    from lightning_fabric import Fabric

    try:
        fabric = Fabric(
            accelerator=device,
            devices=int(os.environ.get("LOCAL_WORLD_SIZE", 1)),
            num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", 1)),
        )
        fabric.launch()
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise TrainingError(f"device is {device}, which does not work here ({reason}): give auto") from None
    return fabric


def judging_device(asked: str) -> torch.device:
    """Where a run is judged: on what it was asked to be trained on, or on the CPU where that is not here."""
    try:
        return launch(asked).device
    except TrainingError:
        return torch.device("cpu")


def share_batches(network: nn.Module, fabric: "Fabric") -> None:
    """From now on `network` computes on this process's share of the images that it is given.

    Its logits are those of all images, in every process; only those of the share carry gradients. A backward
    pass from any function of them leaves the whole gradient in every process. All processes call the
    network, and backward, with the same batches in the same order. A copy of the network is not such a one.
    """
    if fabric.world_size == 1:
        return
    network.forward = partial(logits_of_all, network.forward, fabric.global_rank, fabric.world_size)
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.forward = partial(normalised, module)
    for parameter in network.parameters():
        learns = parameter.requires_grad
        parameter.requires_grad_(True).register_hook(summed)  # what is frozen may learn later
        parameter.requires_grad_(learns)


def logits_of_all(
    forward: Callable[[Tensor, str], Tensor], rank: int, processes: int, images: Tensor, task: str
) -> Tensor:
    shares = images.tensor_split(processes)
    start = sum(map(len, shares[:rank]))
    own = full(forward(shares[rank], task))
    everyone = own.new_zeros(len(images), own.shape[1])
    everyone[start : start + len(own)] = own.detach()
    everyone = summed(everyone)
    return torch.cat([everyone[:start], own, everyone[start + len(own) :]])


def normalised(layer: _BatchNorm, images: Tensor) -> Tensor:
    """What `layer` gives for the share `images` of a batch: in training by the statistics of the whole batch.

    nn.SyncBatchNorm does so too, but on accelerators alone.
    """
    if not layer.training:
        return type(layer).forward(layer, images)
    values = full(images)
    over = [dim for dim in range(values.dim()) if dim != 1]
    shape = [-1 if dim == 1 else 1 for dim in range(values.dim())]
    count = values.new_tensor([values.numel() // values.shape[1]])
    sums, count = Summed.apply(torch.cat([values.sum(over), count])).tensor_split([-1])
    mean = sums / count
    centred = values - mean.view(shape)
    variance = Summed.apply(centred.square().sum(over)) / count
    remember(layer, mean, variance * count / (count - 1))
    scale = layer.weight * torch.rsqrt(variance + layer.eps)
    return torch.addcmul(layer.bias.view(shape), centred, scale.view(shape)).to(images.dtype)


def full(tensor: Tensor) -> Tensor:
    """In float32, or in float64 where it is."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


@torch.no_grad()
def remember(layer: _BatchNorm, mean: Tensor, variance: Tensor) -> None:
    """Moves the running statistics, which judge images, towards those of the batch."""
    layer.num_batches_tracked += 1
    layer.running_mean.lerp_(mean, layer.momentum)
    layer.running_var.lerp_(variance, layer.momentum)


class Summed(torch.autograd.Function):
    """The sum over processes; what it does to their losses is summed too."""

    @staticmethod
    def forward(ctx, tensor: Tensor) -> Tensor:
        return summed(tensor)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return summed(gradient)


def summed(tensor: Tensor) -> Tensor:
    """The sum over processes, the same bits in each."""
    total = tensor.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total


def name_of(device: torch.device) -> str:
    """For the record of a run: "cpu", "mps", "NVIDIA H100 80GB HBM3"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
