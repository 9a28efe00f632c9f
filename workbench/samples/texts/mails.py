"""Made-up first sentences of mails to an accounts department, each with what it is. The seed decides all of them."""

import random
from collections.abc import Iterator

CLASSES = ("invoice", "reminder", "credit note", "question", "other")

_PATTERNS = {
    "invoice": (
        "Please find attached our invoice {number} for {goods}.",
        "Invoice {number} over {amount} is enclosed, payable by {day}.",
        "We bill you {amount} for the {goods} delivered in {month}.",
        "Here is the bill for {goods} as agreed with {person}.",
        "Your {month} statement for {goods} comes to {amount}, see invoice {number}.",
        "Attached you receive the invoice for the {goods} of order {order}.",
    ),
    "reminder": (
        "Our invoice {number} of {month} is still unpaid, please settle it by {day}.",
        "This is the second reminder: {amount} has been overdue since {day}.",
        "We have not received your payment of {amount} for {goods}.",
        "Payment for invoice {number} was due on {day}, a late fee of {fee} is added.",
        "Kindly transfer the open amount of {amount} for {goods} within seven days.",
        "Last notice before legal action about {number}: {amount} is outstanding.",
    ),
    "credit note": (
        "We credit {amount} to your account for the returned {goods}.",
        "Attached is credit note {number} for the {goods} that arrived damaged.",
        "As {person} asked, invoice {number} is cancelled and {amount} will be refunded.",
        "You were charged twice for {goods}, so we return {amount}.",
        "The price of the {goods} was wrong, credit {number} corrects it by {amount}.",
        "A refund of {fee} for order {order} is on its way.",
    ),
    "question": (
        "Could you tell me which order invoice {number} belongs to?",
        "When will the {goods} of order {order} be delivered?",
        "Why does the bill for {month} list {goods} that we never ordered?",
        "Can {person} send us a copy of invoice {number}?",
        "Is the {amount} for {goods} with or without tax?",
        "To which account should we pay the {amount}?",
    ),
    "other": (
        "Our office is closed in {month}, {person} is back on {day}.",
        "Thank you for the pleasant meeting about {goods} with {person}.",
        "Please note our new address and telephone number from {day} on.",
        "We would like to invite you to our fair stand for {goods} in {month}.",
        "{person} has left the company, please write to the sales team.",
        "The minutes of the {month} call about {goods} are attached.",
    ),
}
_GOODS = (
    "printer paper", "office chairs", "cleaning", "web hosting", "steel pipes", "coffee beans", "translations",
    "window frames", "parcel labels", "training days", "garden plants", "spare parts", "network cables", "catering",
)  # fmt: skip
_MONTHS = ("January", "March", "April", "June", "August", "September", "November")
_PEOPLE = ("Ms Hall", "Mr Ortega", "Ms Lindqvist", "Mr Baptiste", "Ms Novak", "Mr Sato", "Ms Adeyemi")


def mails(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """(sentence, class) of different mails, all classes alike often, in an order drawn by the seed."""
    draw = random.Random(seed)
    made: dict[str, str] = {}
    number = 0
    while len(made) < count:
        name = CLASSES[number % len(CLASSES)]
        number += 1
        text = draw.choice(_PATTERNS[name]).format(
            number=f"{draw.choice('AFKR')}-{draw.randint(1000, 9999)}",
            order=draw.randint(20000, 79999),
            amount=f"{draw.randint(20, 4900)}.{draw.randint(0, 99):02d}",
            fee=f"{draw.randint(5, 40)}.00",
            day=f"{draw.randint(1, 28)} {draw.choice(_MONTHS)}",
            month=draw.choice(_MONTHS),
            goods=draw.choice(_GOODS),
            person=draw.choice(_PEOPLE),
        )
        made.setdefault(text, name)
    listed = list(made.items())
    draw.shuffle(listed)
    yield from listed
