"""What every model asks of its fields, image size and classes, and modules that each field has of its own."""

from collections.abc import Callable, Iterable
from copy import deepcopy

from torch import Tensor, nn

from artnb.errors import ModelError

LEAST = 32  # px: what five halvings leave something of


class PerField(nn.ModuleDict):
    """A module for each field; all start from the same weights."""

    def __init__(self, fields: Iterable[str], make: Callable[[], nn.Module]):
        first = make()
        super().__init__({key(field): deepcopy(first) for field in fields})
        self.fields = tuple(fields)

    def of(self, field: str) -> nn.Module:
        """The module of `field`; raises ModelError where there is no such field."""
        if field not in self.fields:
            raise ModelError(f"no field {field!r} in this model: it knows {', '.join(self.fields)}")
        return self[key(field)]


def key(field: str) -> str:
    """`field` as nn.ModuleDict can take it: without dots, and never the name of one of its own methods."""
    return "field_" + field.replace("%", "%25").replace(".", "%2E")


def parameters(*modules: nn.Module) -> list[nn.Parameter]:
    return [parameter for module in modules for parameter in module.parameters()]


def checked_fields(fields: Iterable[str]) -> tuple[str, ...]:
    """`fields` as a tuple; raises ModelError unless they are names, one or more, each once."""
    if isinstance(fields, str):
        raise ModelError(f"fields must be a sequence of names, not one text: write [{fields!r}]")
    fields = tuple(fields)
    if not fields or not all(isinstance(field, str) and field.strip() for field in fields):
        raise ModelError(f"fields must be one or more names that are not blank, not {fields!r}")
    if len(set(fields)) < len(fields):
        raise ModelError(f"every field must be named once: {', '.join(fields)}")
    return fields


def check_size(size: int, step: int = 1) -> None:
    """Raises ModelError unless `size` is a side in pixels: 32 or more, a multiple of `step`."""
    if not isinstance(size, int) or isinstance(size, bool) or size < LEAST or size % step:
        multiple = f"a multiple of {step} ({step}, {2 * step}, {3 * step}, ...)"
        raise ModelError(f"image_size must be {multiple if step > 1 else f'{LEAST} or more'}, not {size!r}")


def check_classes(num_classes: int) -> None:
    if num_classes < 2:
        raise ModelError(f"num_classes must be 2 or more, not {num_classes!r}")


def check_images(images: Tensor, size: int) -> None:
    if images.shape[1:] != (3, size, size):
        raise ModelError(f"this model takes images B 3 {size} {size}, not {list(images.shape)}")
