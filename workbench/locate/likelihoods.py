"""How likely the first place that the rules find for a field is right, by its score."""

LEAST = 0.2
"""A field's key labels no place that is less likely."""

_Steps = tuple[tuple[float, float], ...]
_BY_FIELD: dict[str, _Steps] = {
    "invoice_no": ((0.19, 0.14), (0.48, 0.46), (0.89, 0.6), (1.3, 0.75), (1.81, 0.92)),
    "invoice_date": ((-0.18, 0.79), (0.38, 0.91)),
    "due_date": ((-0.5, 0.01), (-0.07, 0.21), (0.57, 0.4), (0.9, 0.82), (2.79, 0.95)),
    "purchase_order": ((-0.65, 0.0), (0.49, 0.1), (0.98, 0.4), (2.24, 0.81), (2.35, 0.95)),
    "seller_name": ((0.23, 0.25), (0.97, 0.44), (1.6, 0.57), (1.96, 0.72), (2.1, 0.83)),
    "seller_address": ((0.18, 0.06), (1.15, 0.29), (1.64, 0.44), (2.1, 0.58), (2.57, 0.77)),
    "seller_tax_id": ((-2.96, 0.02), (0.72, 0.21), (0.92, 0.48), (2.96, 0.71), (3.7, 0.87)),
    "buyer_name": ((-0.01, 0.02), (0.69, 0.18), (1.2, 0.52), (1.51, 0.65), (2.0, 0.77)),
    "buyer_address": ((-0.15, 0.01), (1.47, 0.44), (1.64, 0.53), (2.26, 0.61), (3.27, 0.72), (4.31, 0.87)),
    "buyer_tax_id": ((-2.97, 0.0), (1.12, 0.56), (1.76, 0.75), (3.37, 0.87), (4.14, 0.96)),
    "currency": ((0.12, 0.17), (0.46, 0.29), (1.29, 0.47), (1.36, 0.57), (1.81, 0.68)),
    "amount_net": ((0.28, 0.02), (0.56, 0.25), (1.5, 0.41), (4.41, 0.93)),
    "amount_tax": ((0.28, 0.02), (0.57, 0.1), (1.8, 0.21), (2.42, 0.52), (4.4, 0.94)),
    "amount_total": ((-0.3, 0.4), (0.53, 0.54), (2.2, 0.68), (3.22, 0.92)),
    "tax_rate": ((0.02, 0.25), (0.85, 0.6)),
    "iban": ((-1.91, 0.63), (0.08, 0.75), (4.04, 0.94)),
}
"""field -> (least score, rate) of each step, rising: histogram binning. Made by benchmarks/likelihoods.py."""
_OTHERS: _Steps = ((0.0, 0.05), (1.0, 0.5))
"""Of fields that the program does not know: their own name is beside the place, or it is not."""


def likelihood(field: str, score: float) -> float:
    """The share of first places with such a score that were right, 0..1.

    Args:
        field: the field's id.
        score: of `Candidate`.
    """
    steps = _BY_FIELD.get(field, _OTHERS)
    return next((rate for least, rate in reversed(steps) if score >= least), steps[0][1])
