"""One backbone for all fields, and a head for each: what every model but Sato's is.

Of one field it is the plain network. Of several it is hard parameter sharing (Caruana: "Multitask
Learning", 1997); none of the papers that these networks come from has more than one field.
"""

from collections.abc import Callable, Iterable

from torch import Tensor, nn

from artnb.models.fields import PerField, check_classes, check_images, check_size, checked_fields, parameters


class SharedBackbone(nn.Module):
    """`backbone` turns images into their last feature maps, B C h w, and a field's head these into logits.

    Args:
        head: makes a head; the fields' heads start from the same weights.

    Raises:
        ModelError: unusable fields, an image size below 32, fewer than two classes.
    """

    def __init__(
        self,
        fields: Iterable[str],
        image_size: int,
        num_classes: int,
        backbone: nn.Module,
        head: Callable[[], nn.Module],
    ):
        super().__init__()
        check_size(image_size)
        check_classes(num_classes)
        self.tasks = checked_fields(fields)
        self.image_size = image_size
        self.backbone = backbone
        self.heads = PerField(self.tasks, head)

    def forward(self, images: Tensor, task: str) -> Tensor:
        """Standardised images, B 3 H W -> logits, B K.

        Raises:
            ModelError: an unknown `task`, or images of another size than the model was built for.
        """
        check_images(images, self.image_size)
        return self.heads.of(task)(self.backbone(images))

    def path_parameters(self, task: str) -> list[nn.Parameter]:
        """The backbone's, and those of `task`'s head: the plain network's."""
        return parameters(self.backbone, self.heads.of(task))

    def shared_parameters(self) -> list[nn.Parameter]:
        return parameters(self.backbone)

    def decayed_parameters(self) -> list[nn.Parameter]:
        """Those that weight decay draws to 0."""
        return parameters(self)

    def begin_epoch(self, number: int) -> None:
        """Nothing changes."""

    def attention_layers(self, task: str) -> dict[str, nn.Module]:
        """The backbone, whose output are the last feature maps."""
        return {"backbone": self.backbone}


def pooled(*layers: nn.Module) -> nn.Sequential:
    """A head of `layers` on the means of the feature maps: B C h w -> B C -> B K."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), *layers)
