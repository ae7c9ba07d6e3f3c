"""A connector on FastStream: a subscriber that answers through a publisher."""

import logging
import os

from exchange import Exchange, Request, TryAgain
from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker, KafkaResponse
from faststream.confluent.annotations import KafkaMessage
from faststream.exceptions import NackMessage

broker = KafkaBroker(
    os.environ["BENCH_BROKERS"],
    acks="all",
    enable_idempotence=True,
    # Each reply is awaited before the next record: one that lingers only waits longer.
    linger_ms=0,
    allow_auto_create_topics=False,
    # Of the lines about each record.
    log_level=logging.DEBUG,
)
app = FastStream(broker)
exchange = Exchange()


@broker.subscriber(
    os.environ["BENCH_REQUESTS"],
    group_id=os.environ["BENCH_GROUP"],
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.NACK_ON_ERROR,
)
@broker.publisher(os.environ["BENCH_REPLIES"])
async def answer(request: Request, message: KafkaMessage) -> KafkaResponse:
    try:
        reply = await exchange.handle(request)
    except TryAgain:
        raise NackMessage from None
    return KafkaResponse(reply, key=message.raw_message.key(), headers=message.headers)
