package gateway

import "time"

// LimitStuck lets tests wait less long for stuck clients to be cut off. It is called before any test runs.
func LimitStuck(d time.Duration) { stuckLimit = d }
