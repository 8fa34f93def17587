"""From a loss per field to one step: which weights the losses get, and what becomes of their gradients.

sum           Sato, Sakaue & Sato, Eq. (3): the weighted sum
uncertainty   Kendall, Gal & Cipolla: "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene
              Geometry and Semantics", CVPR 2018
dwa           dynamic weight average; Liu, Johns & Davison: "End-to-End Multi-Task Learning with
              Attention", CVPR 2019
pcgrad        Yu, Kumar, Gupta, Levine, Hausman & Finn: "Gradient Surgery for Multi-Task Learning",
              NeurIPS 2020

Every one takes the losses after Sato's lambda_t. Of one field every one is the plain sum: there is nothing
to weigh.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

TEMPERATURE = 2.0  # of dwa; Liu et al. take T = 2 in all experiments


class WeightedSum(nn.Module):
    """Sato, Eq. (3): the sum over fields of lambda_t (1 where not given) times the field's loss.

    What an objective learns are its parameters, what it remembers are its buffers: so the optimizer, the
    checkpoint and the device take it as they take a network.
    """

    def __init__(self, model: nn.Module, weights: Mapping[str, float]):
        super().__init__()
        self.weights = dict(weights)

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What each field of the batch adds to the loss that is descended."""
        return {task: self.weights.get(task, 1.0) * loss for task, loss in losses.items()}

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        """Adds the step's gradients to those of the parameters, which were cleared before."""
        sum(self.terms(losses).values()).backward()

    def end_epoch(self, means: Mapping[str, float]) -> None:
        """Takes note of each field's mean loss in the epoch that ends."""


class Uncertainty(WeightedSum):
    """Kendall et al., Eq. (10), for classification: exp(-s_t) L_t + s_t / 2, the log variance s_t learned.

    All s_t begin at 0, as a plain sum. The optimizer moves them as it moves every other parameter, weight
    decay included: in a step of Adam by the learning rate at most, so that short runs hardly leave the sum.
    """

    def __init__(self, model: nn.Module, weights: Mapping[str, float]):
        super().__init__(model, weights)
        self.tasks = tuple(model.tasks)
        self.log_variances = nn.ParameterList(torch.zeros(()) for _ in self.tasks)

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        of_task = dict(zip(self.tasks, self.log_variances, strict=True))
        return {
            task: torch.exp(-of_task[task]) * term + of_task[task] / 2
            for task, term in super().terms(losses).items()
        }


class DynamicWeightAverage(WeightedSum):
    """Liu et al., Eq. (7): a field whose loss falls slowly gets more weight; K fields' weights add up to K.

    The weight is K softmax(r_t / T), where r_t is the field's mean loss in the last epoch by that in the
    epoch before it; r_t = 1 in the first two epochs, and where both losses are 0.
    """

    def __init__(self, model: nn.Module, weights: Mapping[str, float]):
        super().__init__(model, weights)
        self.tasks = tuple(model.tasks)
        self.register_buffer("scales", torch.ones(len(self.tasks)))
        self.register_buffer("before", torch.full((len(self.tasks),), torch.nan))

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        scales = dict(zip(self.tasks, self.scales, strict=True))
        return {task: scales[task] * term for task, term in super().terms(losses).items()}

    def end_epoch(self, means: Mapping[str, float]) -> None:
        last = self.before.new_tensor([means[task] for task in self.tasks])
        ratios = torch.nan_to_num(last / self.before, nan=1.0)
        self.scales = len(self.tasks) * torch.softmax(ratios / TEMPERATURE, dim=0)
        self.before = last


class PCGrad(WeightedSum):
    """Yu et al., Algorithm 1, on the shared parameters alone: elsewhere there is no other field's gradient.

    The fields' order comes from torch's generator, which `fitting.reproducible` seeds anew for each epoch.
    """

    def __init__(self, model: nn.Module, weights: Mapping[str, float]):
        super().__init__(model, weights)
        self.shared_parameters = model.shared_parameters

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        """As in `WeightedSum`, but whatever the shared parameters' gradients were is replaced."""
        terms = self.terms(losses).values()
        shared = [parameter for parameter in self.shared_parameters() if parameter.requires_grad]
        of_fields = []
        for term in terms:
            for parameter in shared:
                parameter.grad = None
            term.backward()
            of_fields.append([parameter.grad for parameter in shared])
        device = next(iter(losses.values())).device
        with torch.autocast(device.type, enabled=False):  # gradients are float32: so is surgery
            stacked = [torch.stack(gradients) for gradients in zip(*of_fields, strict=True)]
            products = torch.zeros(len(terms), len(terms), dtype=torch.float64)
            for gradients in stacked:
                products += (gradients.flatten(1) @ gradients.flatten(1).T).cpu()
            coefficients = surgery(products, [torch.randperm(len(terms)).tolist() for _ in terms])
            for parameter, gradients in zip(shared, stacked, strict=True):
                parameter.grad = torch.tensordot(coefficients.to(gradients), gradients, dims=1)


def surgery(products: Tensor, orders: Sequence[Sequence[int]]) -> Tensor:
    """How much of each field's gradient there is in the sum of the projected ones.

    A projected gradient stays in the span of the gradients, so that their inner products say all.

    Args:
        products: of every field's gradient with every other's, K K.
        orders: in which order each field's gradient meets those of the fields.

    Returns:
        K coefficients, all 1 where no two gradients conflict.
    """
    coefficients = torch.eye(len(products), dtype=products.dtype)
    for own, (projected, order) in enumerate(zip(coefficients, orders, strict=True)):
        for other in order:
            overlap = projected @ products[:, other]
            if other != own and overlap < 0 < products[other, other]:
                projected[other] -= overlap / products[other, other]
    return coefficients.sum(0)


OBJECTIVES = {"sum": WeightedSum, "uncertainty": Uncertainty, "dwa": DynamicWeightAverage, "pcgrad": PCGrad}
PLAIN = "sum"


def objective_of(name: str, model: nn.Module, weights: Mapping[str, float]) -> WeightedSum:
    """The objective `name` for `model`, a weight lambda_t for each field that has another than 1."""
    return OBJECTIVES[name if len(model.tasks) > 1 else PLAIN](model, weights)
