package main

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// handleByKey answers the records of each key in a goroutine of its own, and marks all when every
// reply is acknowledged. What has begun is finished, for there is no record up to which all are done.
func (pc *pconsumer) handleByKey(records []*kgo.Record) {
	byKey := make(map[string][]*kgo.Record)
	for _, r := range records {
		byKey[string(r.Key)] = append(byKey[string(r.Key)], r)
	}
	var acks kgo.FirstErrPromise
	var wg sync.WaitGroup
	for _, ofKey := range byKey {
		pc.limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-pc.limit }()
			for _, r := range ofKey {
				pc.answer(r, &acks)
			}
		})
	}
	wg.Wait()
	exitOn(acks.Err())
	pc.cl.MarkCommitRecords(records...)
}
