package upstream

import "syscall"

// writeNow writes nothing: here every write may wait, so all are left to a goroutine.
func writeNow(syscall.RawConn, []byte) (int, error) { return 0, nil }
