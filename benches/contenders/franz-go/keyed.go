package main

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// handleByKey answers the records of each key in a goroutine of its own, and marks all up to the
// first that is not done when every reply is acknowledged.
func (pc *pconsumer) handleByKey(records []*kgo.Record) {
	byKey := make(map[string][]int)
	for i, r := range records {
		byKey[string(r.Key)] = append(byKey[string(r.Key)], i)
	}
	var acks kgo.FirstErrPromise
	var wg sync.WaitGroup
	done := make([]bool, len(records))
	for _, indexes := range byKey {
		pc.limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-pc.limit }()
			for _, i := range indexes {
				if pc.quitting() {
					return
				}
				pc.answer(records[i], &acks)
				done[i] = true
			}
		})
	}
	wg.Wait()
	exitOn(acks.Err())
	prefix := 0
	for prefix < len(done) && done[prefix] {
		prefix++
	}
	pc.cl.MarkCommitRecords(records[:prefix]...)
}
