"""What a run may spend at a provider, as it was asked for, or by default."""

from harness.planning.options import Options
from harness.planning.plan import ALLOWANCE_IMAGES, ALLOWANCE_REQUESTS
from harness.runner.execution.budget import Allowance, Budget
from harness.spec.load import shipped_provider as shipped


def provider_budget(options: Options, name: str, *, allowance: bool = True) -> Budget:
    """Return what a provider's run may spend; what is on tape was paid for already.

    A limit of images that is no larger than the default one leaves the default of requests. A
    benchmark's design says how much it asks: it has no `allowance` by default.
    """
    limits = options.limits
    amount, images = limits.budgets.get(name), limits.max_images
    each: Allowance | None = None
    if options.target.against != "cassettes" and allowance:
        operations = sum(one in options.operations for one in shipped(name).operations)
        by_default = amount is None and images is None
        usual = by_default or (images is not None and images <= ALLOWANCE_IMAGES * operations)
        each = Allowance(
            images=ALLOWANCE_IMAGES if by_default else None,
            requests=ALLOWANCE_REQUESTS if usual and limits.max_requests is None else None,
        )
    return Budget(amount=amount, images=images, requests=limits.max_requests, per_operation=each)
