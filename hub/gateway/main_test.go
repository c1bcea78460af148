package gateway_test

import (
	"testing"
	"time"

	"mcphub/hub/gateway"
	"mcphub/hub/hubtest"
)

// stuckLimit is how long the hubs of these tests let a client be stuck.
const stuckLimit = 5 * time.Second

func TestMain(m *testing.M) {
	gateway.LimitStuck(stuckLimit)
	hubtest.Main(m)
}
