package contender;

import static io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder.KEY;

import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import tools.jackson.databind.json.JsonMapper;

public final class Contender {

    private static final String BROKERS = System.getenv("BENCH_BROKERS");
    private static final String REPLIES = System.getenv("BENCH_REPLIES");

    private static final JsonMapper JSON = JsonMapper.builder().build();

    public static void main(String[] args) {
        var exchange = new Exchange(
                System.getenv("BENCH_HANDLER"),
                Integer.parseInt(System.getenv().getOrDefault("BENCH_RETRY_PERCENT", "0")));
        var options = ParallelConsumerOptions.<String, byte[]>builder()
                .ordering(KEY)
                .maxConcurrency(Integer.parseInt(System.getenv("BENCH_CONCURRENCY")))
                .consumer(consumer())
                .producer(producer())
                .commitInterval(Duration.ofSeconds(1))
                .build();
        var processor = ParallelStreamProcessor.createEosStreamProcessor(options);
        processor.subscribe(List.of(System.getenv("BENCH_REQUESTS")));
        processor.pollAndProduce(context -> answer(exchange, context.getSingleConsumerRecord()));
        Runtime.getRuntime().addShutdownHook(
                new Thread(() -> processor.closeDontDrainFirst(Duration.ofSeconds(8))));
    }

    private static ProducerRecord<String, byte[]> answer(
            Exchange exchange, ConsumerRecord<String, byte[]> record) {
        var request = JSON.readValue(record.value(), Request.class);
        var reply = exchange.handle(request);
        return new ProducerRecord<>(
                REPLIES, null, record.key(), JSON.writeValueAsBytes(reply), record.headers());
    }

    private static KafkaConsumer<String, byte[]> consumer() {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", BROKERS,
                "group.id", System.getenv("BENCH_GROUP"),
                "auto.offset.reset", "earliest",
                "enable.auto.commit", false);
        return new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    }

    private static KafkaProducer<String, byte[]> producer() {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", BROKERS,
                "acks", "all",
                "enable.idempotence", true,
                "linger.ms", 1);
        return new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
    }
}
