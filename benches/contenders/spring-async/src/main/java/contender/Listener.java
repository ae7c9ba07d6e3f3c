package contender;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

@Component
class Listener {

    private final Exchange exchange;
    private final JsonMapper json;
    private final KafkaTemplate<String, String> kafka;
    private final String replies;

    Listener(
            Exchange exchange,
            JsonMapper json,
            KafkaTemplate<String, String> kafka,
            @Value("${bench.replies}") String replies) {
        this.exchange = exchange;
        this.json = json;
        this.kafka = kafka;
        this.replies = replies;
    }

    /** Completed, the future acknowledges its record; no more is polled before all of a poll are. */
    @KafkaListener(
            topics = "${bench.requests}",
            properties = "max.poll.records=#{@exchange.atOnce()}")
    CompletableFuture<Void> consume(ConsumerRecord<String, String> record) {
        Request request = json.readValue(record.value(), Request.class);
        return exchange.handle(request)
                .thenCompose(reply -> kafka.send(new ProducerRecord<>(
                        replies,
                        null,
                        record.key(),
                        json.writeValueAsString(reply),
                        record.headers())))
                .thenAccept(sent -> {});
    }
}
