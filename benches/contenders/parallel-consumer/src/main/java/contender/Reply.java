package contender;

record Reply(
        String requestId,
        long sequence,
        String customerId,
        String status,
        String currency,
        double converted,
        double rate,
        double total,
        String convertedAt,
        String note) {}
