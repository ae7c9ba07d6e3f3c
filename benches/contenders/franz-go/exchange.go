package main

import (
	"encoding/json"
	"errors"
	"math"
	"sync"
	"time"
)

const rate = 4.9755

type customer struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Segment string `json:"segment"`
}

type line struct {
	Number      int     `json:"number"`
	Description string  `json:"description"`
	Quantity    int     `json:"quantity"`
	Price       float64 `json:"price"`
	Unit        string  `json:"unit"`
}

type request struct {
	RequestID   string   `json:"requestId"`
	Sequence    int64    `json:"sequence"`
	Customer    customer `json:"customer"`
	Account     string   `json:"account"`
	Amount      float64  `json:"amount"`
	Currency    string   `json:"currency"`
	Target      string   `json:"target"`
	Channel     string   `json:"channel"`
	RequestedAt string   `json:"requestedAt"`
	Note        string   `json:"note"`
	Lines       []line   `json:"lines"`
}

type reply struct {
	RequestID   string  `json:"requestId"`
	Sequence    int64   `json:"sequence"`
	CustomerID  string  `json:"customerId"`
	Status      string  `json:"status"`
	Currency    string  `json:"currency"`
	Converted   float64 `json:"converted"`
	Rate        float64 `json:"rate"`
	Total       float64 `json:"total"`
	ConvertedAt string  `json:"convertedAt"`
	Note        string  `json:"note"`
}

var errTryAgain = errors.New("the rates do not answer")

// handler is what the connector does for a request.
type handler struct {
	wait         time.Duration
	retryPercent int64
	failed       sync.Map // ids of requests that have had their first attempt
}

func (h *handler) exchange(r *request) (*reply, error) {
	if r.Sequence%100 < h.retryPercent {
		if _, again := h.failed.LoadOrStore(r.RequestID, struct{}{}); !again {
			return nil, errTryAgain
		}
	}
	if h.wait > 0 {
		time.Sleep(h.wait)
	}
	total := 0.0
	for _, l := range r.Lines {
		total += float64(l.Quantity) * l.Price
	}
	return &reply{
		RequestID:   r.RequestID,
		Sequence:    r.Sequence,
		CustomerID:  r.Customer.ID,
		Status:      "CONVERTED",
		Currency:    r.Target,
		Converted:   math.Round(r.Amount*rate*100) / 100,
		Rate:        rate,
		Total:       total,
		ConvertedAt: r.RequestedAt,
		Note:        r.Note,
	}, nil
}

// answer decodes a request, handles it until it succeeds, and encodes the reply.
func (h *handler) answer(value []byte) ([]byte, error) {
	var r request
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, err
	}
	for {
		reply, err := h.exchange(&r)
		if err == nil {
			return json.Marshal(reply)
		}
		time.Sleep(300 * time.Millisecond)
	}
}
