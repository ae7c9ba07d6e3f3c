"""What the connector does for a request."""

import asyncio
import os

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

RATE = 4.9755


class Message(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True)


class Customer(Message):
    id: str
    name: str
    segment: str


class Line(Message):
    number: int
    description: str
    quantity: int
    price: float
    unit: str


class Request(Message):
    request_id: str
    sequence: int
    customer: Customer
    account: str
    amount: float
    currency: str
    target: str
    channel: str
    requested_at: str
    note: str
    lines: list[Line] = []


class Reply(Message):
    request_id: str
    sequence: int
    customer_id: str
    status: str
    currency: str
    converted: float
    rate: float
    total: float
    converted_at: str
    note: str


class TryAgain(Exception):
    """The rates do not answer."""


class Exchange:
    def __init__(self) -> None:
        kind, _, milliseconds = os.environ["BENCH_HANDLER"].partition(":")
        self.wait = int(milliseconds) / 1000 if kind == "await" else 0
        self.retry_percent = int(os.environ.get("BENCH_RETRY_PERCENT", "0"))
        # Ids of requests that have had their first attempt.
        self.failed: set[str] = set()

    async def handle(self, request: Request) -> Reply:
        if request.sequence % 100 < self.retry_percent and request.request_id not in self.failed:
            self.failed.add(request.request_id)
            raise TryAgain
        if self.wait:
            await asyncio.sleep(self.wait)
        return Reply(
            request_id=request.request_id,
            sequence=request.sequence,
            customer_id=request.customer.id,
            status="CONVERTED",
            currency=request.target,
            converted=round(request.amount * RATE, 2),
            rate=RATE,
            total=sum(line.quantity * line.price for line in request.lines),
            converted_at=request.requested_at,
            note=request.note,
        )
