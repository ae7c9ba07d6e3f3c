package contender;

import java.util.List;

record Request(
        String requestId,
        long sequence,
        Customer customer,
        String account,
        double amount,
        String currency,
        String target,
        String channel,
        String requestedAt,
        String note,
        List<Line> lines) {

    record Customer(String id, String name, String segment) {}

    record Line(int number, String description, int quantity, double price, String unit) {}
}
