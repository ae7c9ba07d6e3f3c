// A connector on franz-go: the example "goroutine per partition" of its repository, with replies.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type tp struct {
	t string
	p int32
}

type pconsumer struct {
	cl      *kgo.Client
	handler *handler
	// What may be at work at once; nil where records come one after another.
	limit chan struct{}
	quit  chan struct{}
	done  chan struct{}
	recs  chan kgo.FetchTopicPartition
}

func (pc *pconsumer) consume() {
	defer close(pc.done)
	for {
		select {
		case <-pc.quit:
			return
		case p := <-pc.recs:
			if pc.limit != nil {
				pc.handleByKey(p.Records)
			} else {
				pc.handle(p.Records)
			}
		}
	}
}

// handle answers records one after another; what all replies are acknowledged of is marked at the
// end, and once a second on the way.
func (pc *pconsumer) handle(records []*kgo.Record) {
	var acks kgo.FirstErrPromise
	begun := time.Now()
	for i, r := range records {
		if pc.quitting() {
			records = records[:i]
			break
		}
		pc.answer(r, &acks)
		if time.Since(begun) >= time.Second {
			exitOn(acks.Err())
			pc.cl.MarkCommitRecords(r)
			begun = time.Now()
		}
	}
	exitOn(acks.Err())
	pc.cl.MarkCommitRecords(records...)
}

func (pc *pconsumer) answer(r *kgo.Record, acks *kgo.FirstErrPromise) {
	value, err := pc.handler.answer(r.Value)
	exitOn(err)
	reply := &kgo.Record{Key: r.Key, Value: value, Headers: r.Headers}
	pc.cl.Produce(context.Background(), reply, acks.Promise())
}

func (pc *pconsumer) quitting() bool {
	select {
	case <-pc.quit:
		return true
	default:
		return false
	}
}

type splitConsume struct {
	handler *handler
	limit   chan struct{}
	// With BlockRebalanceOnPoll no mutex is needed.
	consumers map[tp]*pconsumer
}

func (s *splitConsume) assigned(_ context.Context, cl *kgo.Client, assigned map[string][]int32) {
	for topic, partitions := range assigned {
		for _, partition := range partitions {
			pc := &pconsumer{
				cl:      cl,
				handler: s.handler,
				limit:   s.limit,
				quit:    make(chan struct{}),
				done:    make(chan struct{}),
				recs:    make(chan kgo.FetchTopicPartition, 5),
			}
			s.consumers[tp{topic, partition}] = pc
			go pc.consume()
		}
	}
}

func (s *splitConsume) revoked(ctx context.Context, cl *kgo.Client, revoked map[string][]int32) {
	s.killConsumers(revoked)
	if err := cl.CommitMarkedOffsets(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "the commit before the revocation failed:", err)
	}
}

func (s *splitConsume) lost(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	s.killConsumers(lost)
}

func (s *splitConsume) killConsumers(lost map[string][]int32) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for topic, partitions := range lost {
		for _, partition := range partitions {
			tp := tp{topic, partition}
			pc := s.consumers[tp]
			delete(s.consumers, tp)
			close(pc.quit)
			wg.Go(func() { <-pc.done })
		}
	}
}

func (s *splitConsume) poll(ctx context.Context, cl *kgo.Client) {
	for {
		fetches := cl.PollRecords(ctx, s.atOnce())
		if fetches.IsClientClosed() || ctx.Err() != nil {
			return
		}
		fetches.EachError(func(_ string, _ int32, err error) { exitOn(err) })
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			select {
			case s.consumers[tp{p.Topic, p.Partition}].recs <- p:
			case <-ctx.Done():
			}
		})
		cl.AllowRebalance()
	}
}

// atOnce is how many records are taken at once: as many as may be at work, or the example's.
func (s *splitConsume) atOnce() int {
	if s.limit != nil {
		return cap(s.limit)
	}
	return 10000
}

func main() {
	keyed := flag.Bool("keyed", false, "handle requests of different keys at once")
	flag.Parse()
	s := &splitConsume{handler: newHandler(), consumers: make(map[tp]*pconsumer)}
	if *keyed {
		wanted, err := strconv.Atoi(os.Getenv("BENCH_CONCURRENCY"))
		exitOn(err)
		s.limit = make(chan struct{}, wanted)
	}
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("BENCH_BROKERS"), ",")...),
		kgo.ConsumerGroup(os.Getenv("BENCH_GROUP")),
		kgo.ConsumeTopics(os.Getenv("BENCH_REQUESTS")),
		kgo.DefaultProduceTopic(os.Getenv("BENCH_REPLIES")),
		kgo.OnPartitionsAssigned(s.assigned),
		kgo.OnPartitionsRevoked(s.revoked),
		kgo.OnPartitionsLost(s.lost),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(time.Second),
		kgo.BlockRebalanceOnPoll(),
	)
	exitOn(err)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s.poll(ctx, cl)
	// Leaves the group, which ends the goroutines of all partitions and commits what they marked.
	cl.CloseAllowingRebalance()
}

func newHandler() *handler {
	h := &handler{}
	if ms, ok := strings.CutPrefix(os.Getenv("BENCH_HANDLER"), "await:"); ok {
		wait, err := strconv.Atoi(ms)
		exitOn(err)
		h.wait = time.Duration(wait) * time.Millisecond
	}
	h.retryPercent, _ = strconv.ParseInt(os.Getenv("BENCH_RETRY_PERCENT"), 10, 64)
	return h
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
