package api

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mcphub/hub/jsonrpc"
)

func TestLimitsOf(t *testing.T) {
	for _, c := range []struct {
		options string
		want    limits
	}{
		{``, limits{timeout: time.Minute}},
		{`,"request_options":null`, limits{timeout: time.Minute}},
		{`,"request_options":{"timeout":1500}`, limits{timeout: 1500 * time.Millisecond}},
		{`,"request_options":{"timeout":1.5e3,"resetTimeoutOnProgress":true,"maxTotalTimeout":9000}`, limits{1500 * time.Millisecond, true, 9 * time.Second}},
		{`,"request_options":{"timeout":0,"resetTimeoutOnProgress":1}`, limits{timeout: time.Minute}},
		{`,"request_options":{"timeout":-5}`, limits{timeout: time.Minute}},
		{`,"request_options":{"timeout":"9"}`, limits{timeout: time.Minute}},
		{`,"request_options":{"timeout":1e300}`, limits{timeout: 24 * time.Hour}},
	} {
		if got := limitsOf(body(`{"tool":"x"` + c.options + `}`)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.options, got, c.want)
		}
	}
}

// TestLimit: a call ends after its timeout, which starts again with each progress if it shall, and after the total.
func TestLimit(t *testing.T) {
	for _, c := range []struct {
		name    string
		limits  limits
		after   time.Duration // when the call ends, with progress every second
		message string
		data    string
	}{
		{"timeout", limits{timeout: 2500 * time.Millisecond}, 2500 * time.Millisecond, "Request timed out", `{"timeout":2500}`},
		{"total", limits{timeout: 1500 * time.Millisecond, reset: true, total: 4 * time.Second}, 4 * time.Second, "Maximum total timeout exceeded", `{"maxTotalTimeout":4000}`},
		{"total first", limits{timeout: time.Minute, total: time.Second}, time.Second, "Maximum total timeout exceeded", `{"maxTotalTimeout":1000}`},
		{"reset", limits{timeout: 1500 * time.Millisecond, reset: true}, 11500 * time.Millisecond, "Request timed out", `{"timeout":1500}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				call := call{limits: c.limits}
				ctx := call.limit(t.Context())
				defer call.stop()
				for range 10 {
					select {
					case <-ctx.Done():
					case <-time.After(time.Second):
						call.progress()
					}
				}
				<-ctx.Done()
				var fault *jsonrpc.Fault
				if !errors.As(context.Cause(ctx), &fault) || fault.Code != codeTimeout || fault.Message != c.message || string(fault.Data) != c.data {
					t.Errorf("ended by %v", context.Cause(ctx))
				}
				if got := time.Since(began); got != c.after {
					t.Errorf("ended after %v, want %v", got, c.after)
				}
			})
		})
	}
}
