package contender;

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

    /** What was polled at once is committed at once, so it must be done within a second. */
    @KafkaListener(
            topics = "${bench.requests}",
            properties = "max.poll.records=#{@exchange.waits() ? 50 : 500}")
    void consume(ConsumerRecord<String, String> record) throws Exception {
        Request request = json.readValue(record.value(), Request.class);
        Reply reply = exchange.handle(request);
        var answer = new ProducerRecord<>(
                replies, null, record.key(), json.writeValueAsString(reply), record.headers());
        kafka.send(answer).get();
    }
}
