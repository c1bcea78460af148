package event

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkPublish tells what an event costs its publisher while readers wait for it: in bursts, as a program that writes
// many lines at once makes them, and one by one, when all readers have come to rest between.
func BenchmarkPublish(b *testing.B) {
	for _, readers := range []int{0, 10, 1000} {
		for _, pause := range []time.Duration{0, 5 * time.Millisecond} {
			b.Run(fmt.Sprintf("readers=%d/pause=%v", readers, pause), func(b *testing.B) {
				bus := New(4096)
				ctx, stop := context.WithCancel(b.Context())
				var work sync.WaitGroup
				for range readers {
					work.Go(func() {
						for r := bus.Read(0); ; {
							if _, _, err := r.Next(ctx); err != nil {
								return
							}
						}
					})
				}
				var took []time.Duration
				for b.Loop() {
					time.Sleep(pause)
					begin := time.Now()
					bus.Publish("kind", "server", nil)
					took = append(took, time.Since(begin))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "median-ns")
				b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
				b.ReportMetric(float64(took[len(took)-1].Nanoseconds()), "worst-ns")
				stop()
				work.Wait()
			})
		}
	}
}
