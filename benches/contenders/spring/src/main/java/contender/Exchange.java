package contender;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Service;

/** What the connector does for a request. */
@Service
public class Exchange {

    private static final double RATE = 4.9755;

    private final long wait;
    private final int retryPercent;

    /** Ids of requests that have had their first attempt. */
    private final Set<String> failed = ConcurrentHashMap.newKeySet();

    Exchange(
            @Value("${bench.handler}") String handler,
            @Value("${bench.retry-percent}") int retryPercent) {
        this.wait = handler.equals("ready") ? 0 : Long.parseLong(handler.replace("await:", ""));
        this.retryPercent = retryPercent;
    }

    public boolean waits() {
        return wait > 0;
    }

    Reply handle(Request request) throws InterruptedException {
        if (request.sequence() % 100 < retryPercent && failed.add(request.requestId())) {
            throw new IllegalStateException("the rates do not answer");
        }
        if (waits()) {
            Thread.sleep(wait);
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
