"""How fast Grad-CAM is, beside pytorch-grad-cam and Captum on the same network and images.

    python tests/benchmarks/explanations.py

64 images of 64 px, channels_last, on as many threads as there are cores; the maps of all attention layers
(one of artistry-single, two of artistry-multi-2), at the size of the images. Captum explains a layer a call.
"""

from collections.abc import Callable, Iterator

import torch
from captum.attr import LayerAttribution, LayerGradCam
from joblib import cpu_count
from paired import Comparison, in_turn, installed, table
from torch import Tensor, nn

from artnb import models
from artnb.attention import grad_cam

IMAGES, SIZE, FIELD = 64, 64, "painting"


def comparisons() -> Iterator[Comparison]:
    torch.set_num_threads(cpu_count())
    for name in ("artistry-single", "artistry-multi-2"):
        network = models.create(name, (FIELD,), SIZE).to(memory_format=torch.channels_last).eval()
        images = torch.randn(IMAGES, 3, SIZE, SIZE).to(memory_format=torch.channels_last)
        targets = torch.arange(IMAGES) % 2
        peers = {"Captum": (captum, 0.95)}
        if installed("pytorch_grad_cam"):
            peers["pytorch-grad-cam"] = pytorch_grad_cam, 2.0
        else:
            yield Comparison(f"Grad-CAM of {name}", "pytorch-grad-cam", "speed", [], at_least=2.0)
        ways = [peer(network, images, targets) for peer, _ in peers.values()]
        ours, *theirs = in_turn(lambda: grad_cam(network, images, targets, FIELD), *ways)  # noqa: B023
        for (peer, (_, goal)), seconds in zip(peers.items(), theirs, strict=True):
            yield Comparison(f"Grad-CAM of {name}", peer, "speed", seconds / ours, at_least=goal)


def captum(network: nn.Module, images: Tensor, targets: Tensor) -> Callable[[], object]:
    explainers = [LayerGradCam(network, layer) for layer in network.attention_layers(FIELD).values()]

    def way():
        for explainer in explainers:
            maps = explainer.attribute(images, targets, additional_forward_args=FIELD)
            LayerAttribution.interpolate(maps, images.shape[-2:], "bilinear")

    return way


def pytorch_grad_cam(network: nn.Module, images: Tensor, targets: Tensor) -> Callable[[], object]:
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    class OfField(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, images: Tensor) -> Tensor:
            return self.network(images, FIELD)

    wanted = [ClassifierOutputTarget(int(target)) for target in targets]

    def way():
        with GradCAM(OfField(), list(network.attention_layers(FIELD).values())) as explainer:
            explainer(images, wanted)

    return way


if __name__ == "__main__":
    print(table(list(comparisons())))
