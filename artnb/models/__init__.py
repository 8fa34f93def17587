"""Architectures: one per file, its config beside it, all found by name in one registry.

A model is an `nn.Module` with

    forward(images, task) -> logits    images B 3 H W, standardised; logits B K
    tasks                              tuple of the fields it knows
    attention_layers(task)             {name: the module whose feature maps, B C h w, explain it}
    shared_parameters()                the parameters that every field passes through
    path_parameters(task)              the parameters that an image of that field passes through
    decayed_parameters()               the parameters that weight decay acts on
    begin_epoch(number)                what changes in it before epoch `number`, from 1
"""

from artnb.models.registry import create, describe, named, names, origin, size

__all__ = ["create", "describe", "named", "names", "origin", "size"]
