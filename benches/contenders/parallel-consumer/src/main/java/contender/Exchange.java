package contender;

import io.confluent.parallelconsumer.PCRetriableException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What the connector does for a request. */
final class Exchange {

    private static final double RATE = 4.9755;

    private final long wait;
    private final int retryPercent;

    /** Ids of requests that have had their first attempt. */
    private final Set<String> failed = ConcurrentHashMap.newKeySet();

    Exchange(String handler, int retryPercent) {
        this.wait = handler.equals("ready") ? 0 : Long.parseLong(handler.replace("await:", ""));
        this.retryPercent = retryPercent;
    }

    boolean waits() {
        return wait > 0;
    }

    Reply handle(Request request) {
        if (request.sequence() % 100 < retryPercent && failed.add(request.requestId())) {
            throw new PCRetriableException("the rates do not answer");
        }
        if (waits()) {
            try {
                Thread.sleep(wait);
            } catch (InterruptedException e) {
                throw new PCRetriableException("interrupted", e);
            }
        }
        double total = 0;
        if (request.lines() != null) {
            for (Request.Line line : request.lines()) {
                total += line.quantity() * line.price();
            }
        }
        return new Reply(
                request.requestId(),
                request.sequence(),
                request.customer().id(),
                "CONVERTED",
                request.target(),
                Math.round(request.amount() * RATE * 100) / 100.0,
                RATE,
                total,
                request.requestedAt(),
                request.note());
    }
}
