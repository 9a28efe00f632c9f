"""How likely the first place that the rules find for a field is right, by its score."""

LEAST = 0.2
"""A field's key labels no place that is less likely."""

_Steps = tuple[tuple[float, float], ...]
_BY_FIELD: dict[str, _Steps] = {
    "invoice_no": ((0.19, 0.12), (0.48, 0.48), (1.12, 0.63), (1.68, 0.9)),
    "invoice_date": ((-0.34, 0.79), (0.38, 0.91)),
    "due_date": ((-0.5, 0.01), (0.12, 0.38), (0.83, 0.71), (0.93, 0.87), (2.82, 0.99)),
    "purchase_order": ((-0.65, 0.0), (0.49, 0.17), (1.64, 0.81), (2.34, 0.95)),
    "seller_name": ((0.28, 0.29), (0.97, 0.45), (1.96, 0.66), (2.1, 0.79)),
    "seller_address": ((0.18, 0.06), (1.16, 0.3), (1.85, 0.45)),
    "seller_tax_id": ((-2.96, 0.02), (0.96, 0.55), (3.0, 0.72), (3.72, 0.91)),
    "buyer_name": ((-0.01, 0.02), (0.3, 0.13), (0.69, 0.23), (1.12, 0.4), (1.83, 0.71), (3.19, 0.94)),
    "buyer_address": ((-0.15, 0.01), (1.46, 0.38), (2.58, 0.56)),
    "buyer_tax_id": ((-2.97, 0.0), (1.0, 0.48), (1.36, 0.63), (2.55, 0.83), (4.04, 0.96)),
    "currency": ((0.08, 0.1), (0.48, 0.4), (2.01, 0.68)),
    "amount_net": ((0.28, 0.07), (0.58, 0.17), (1.46, 0.38), (3.96, 0.79), (4.44, 0.93)),
    "amount_tax": ((0.28, 0.02), (0.59, 0.13), (2.4, 0.56), (3.96, 0.67), (4.45, 0.98)),
    "amount_total": ((-0.28, 0.29), (0.5, 0.38), (2.06, 0.63), (2.2, 0.72), (3.2, 0.87)),
    "tax_rate": ((0.02, 0.25), (0.85, 0.6)),
    "iban": ((-1.91, 0.6), (0.1, 0.79), (4.04, 0.94)),
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
