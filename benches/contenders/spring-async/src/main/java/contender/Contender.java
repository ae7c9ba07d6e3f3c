package contender;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
class Contender {

    public static void main(String[] args) {
        SpringApplication.run(Contender.class, args);
    }
}
