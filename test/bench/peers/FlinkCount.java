import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Counts records per key (the ad) and minute with Flink, in the cheapest way it has: one slot, state on the heap, objects reused,
 * no checkpoints, the value not even decoded. Arguments: brokers, topic, group. Prints how many records it has seen.
 */
public class FlinkCount {
  static long seen;

  public static void main(String[] args) throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(1);
    env.getConfig().enableObjectReuse();
    KafkaSource<String> source = KafkaSource.<String>builder()
        .setBootstrapServers(args[0]).setTopics(args[1]).setGroupId(args[2])
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setProperty("max.poll.records", "10000")
        .setDeserializer(new AdOfKey()).build();
    env.fromSource(source, WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(5)), "events")
        .keyBy(ad -> ad)
        .window(TumblingEventTimeWindows.of(Duration.ofMinutes(1)))
        .aggregate(new Count())
        .sinkTo(new DiscardingSink<>());
    env.execute();
  }

  /** The ad is the record's key; the timestamp is Kafka's. */
  static class AdOfKey implements KafkaRecordDeserializationSchema<String> {
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<String> out) {
      if (++seen % 100_000 == 0) System.out.println(seen);
      out.collect(new String(record.key(), StandardCharsets.UTF_8));
    }

    public TypeInformation<String> getProducedType() {
      return Types.STRING;
    }
  }

  static class Count implements AggregateFunction<String, Long, Long> {
    public Long createAccumulator() { return 0L; }
    public Long add(String ad, Long n) { return n + 1; }
    public Long getResult(Long n) { return n; }
    public Long merge(Long a, Long b) { return a + b; }
  }
}
