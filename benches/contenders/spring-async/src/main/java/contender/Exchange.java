package contender;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Service;

/** What the connector does for a request. */
@Service
public class Exchange {

    private static final double RATE = 4.9755;

    /** The futures' own pool has a thread for every task where there are only two processors. */
    private final Executor pool =
            Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors(), task -> {
                Thread thread = new Thread(task, "exchange");
                thread.setDaemon(true);
                return thread;
            });

    private final long wait;
    private final int retryPercent;
    private final int atOnce;

    /** Ids of requests that have had their first attempt. */
    private final Set<String> failed = ConcurrentHashMap.newKeySet();

    Exchange(
            @Value("${bench.handler}") String handler,
            @Value("${bench.retry-percent}") int retryPercent,
            @Value("${bench.concurrency}") int concurrency,
            @Value("${bench.partitions}") int partitions) {
        this.wait = handler.equals("ready") ? 0 : Long.parseLong(handler.replace("await:", ""));
        this.retryPercent = retryPercent;
        this.atOnce = waits() ? Math.max(1, concurrency / partitions) : 500;
    }

    /** How many requests each consumer has at once. */
    public int atOnce() {
        return atOnce;
    }

    private boolean waits() {
        return wait > 0;
    }

    CompletableFuture<Reply> handle(Request request) {
        if (waits()) {
            Executor later = CompletableFuture.delayedExecutor(wait, TimeUnit.MILLISECONDS, pool);
            return CompletableFuture.supplyAsync(() -> reply(request), later);
        }
        return CompletableFuture.completedFuture(reply(request));
    }

    private Reply reply(Request request) {
        if (request.sequence() % 100 < retryPercent && failed.add(request.requestId())) {
            throw new IllegalStateException("the rates do not answer");
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
